import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
const [out, width, ...names] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", chromiumSandbox: false });
const page = await browser.newPage({ viewport: { width: Number(width) * names.length + 10 * names.length, height: 1000 } });
const imgs = names.map((n) => `<figure style="margin:0"><figcaption style="font:14px sans-serif">${n}</figcaption><img style="width:${width}px;max-height:1100px;object-fit:cover;object-position:top;border:1px solid red" src="data:image/png;base64,${readFileSync(`/tmp/pb_shots/${n}.png`).toString("base64")}"></figure>`).join("");
await page.setContent(`<body style="margin:0;display:flex;gap:10px;align-items:start">${imgs}</body>`);
await page.screenshot({ path: out, fullPage: true }); await browser.close();
