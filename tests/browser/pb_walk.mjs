import { chromium } from "playwright-core";
const url = process.argv[2];
const only = process.argv[3];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", chromiumSandbox: false, args: ["--disable-gpu","--no-first-run","--disable-dev-shm-usage"] });
const problems = [];
async function as(username, step) {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  page.on("console", (m) => { if (["error","warning"].includes(m.type())) problems.push(`${page.url()} console ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${page.url()} pageerror ${e.message}`));
  page.on("response", (r) => { if (r.status() >= 500 || (r.status() >= 400 && !r.url().includes("favicon"))) problems.push(`${r.status()} ${r.request().method()} ${r.url()}`); });
  await page.goto("/sign-in");
  await page.locator("#f-username").fill(username);
  await page.locator("#f-password").fill("walk along the lake");
  await page.locator("#f-password").press("Enter");
  await page.waitForURL((u) => !u.pathname.startsWith("/sign-in"));
  try { await step(page, context); } catch (e) { problems.push(`STEP ${username} ${page.url()}: ${e.message.split("\n")[0]}`); await page.screenshot({ path: `/tmp/pb_shots/fail-${username}.png` }); }
  await context.close();
}
async function shot(page, name, path, { dark = true, small = true } = {}) {
  if (path) { const r = await page.goto(path); if (r.status() !== 200) problems.push(`${r.status()} ${path}`); }
  await page.waitForTimeout(350);
  await page.screenshot({ path: `/tmp/pb_shots/${name}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  if (wide) problems.push(`${name}: wider than the window`);
  if (dark) { await page.emulateMedia({ colorScheme: "dark" }); await page.waitForTimeout(120); await page.screenshot({ path: `/tmp/pb_shots/${name}-dark.png`, fullPage: true }); await page.emulateMedia({ colorScheme: "light" }); }
  if (small) { await page.setViewportSize({ width: 390, height: 844 }); await page.waitForTimeout(150);
    const over = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth ? [...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map((e) => e.tagName + "." + e.className) : null);
    if (over) problems.push(`${name}: wide on phone ${over}`);
    await page.screenshot({ path: `/tmp/pb_shots/${name}-390.png`, fullPage: true }); await page.setViewportSize({ width: 1440, height: 900 }); }
}
export { as, shot, problems, browser };
const first = async (page, sel) => page.locator(sel).first().getAttribute("href");
const want = (n) => !only || only.split(",").includes(n);
if (want("olga")) await as("olga", async (page) => {
  await shot(page, "projects", "/projects");
  const p = await first(page, "main .row-title");
  await shot(page, "projects-new", "/projects/new");
  for (const t of ["", "/data", "/sources", "/sources/new", "/subscriptions", "/subscriptions?way=out", "/members", "/environments", "/environments/new", "/connections/new", "/queries", "/accounts", "/upload", "/edit"]) await shot(page, "p" + (t.replace(/[/?=]/g, "-") || "-overview"), p + t);
  await page.goto(p + "/sources");
  const s = await first(page, "main tbody th a");
  if (s) await shot(page, "source", s);
  await shot(page, "jobs", "/jobs");
  await shot(page, "bench", "/bench");
  await shot(page, "bench-columns", "/bench?lack=columns");
  const g = await page.locator("main tbody a.button").first().getAttribute("href").catch(() => null);
  await page.goto(p + "/data");
  const a = await first(page, "main tbody th a");
  await shot(page, "bench-grid", "/bench/" + a.split("/").pop());
  await shot(page, "components", "/_components");
  await shot(page, "audit", "/audit");
});
if (want("query")) await as("olga", async (page) => {
  await page.goto("/projects"); 
  await page.goto("/query");
  if (await page.locator(".editor-side form button[name=project]").count()) await page.locator(".editor-side form button[name=project]").first().click();
  await shot(page, "query", "/query");
  const t = await page.locator("li[data-table] a").first().getAttribute("href");
  await page.goto(t); await page.waitForSelector(".cm-content");
  await page.locator("[data-editor-run]").click();
  await page.waitForSelector(".grid, .notice.danger"); await page.waitForTimeout(500);
  await shot(page, "query-rows");
  await page.goto("/query?sql=" + encodeURIComponent("select nope from nowhere")); await page.waitForSelector(".cm-content");
  await page.locator("[data-editor-run]").click(); await page.waitForSelector(".editor-result .notice"); await shot(page, "query-error", null, { dark: false, small: false });
  await shot(page, "history", "/query/history");
  const r = await page.locator("td a[href*=results]").first().getAttribute("href").catch(() => null);
  if (r) await shot(page, "result", r);
});
if (want("stella")) await as("stella", async (page) => {
  await shot(page, "glossary", "/glossary");
  await shot(page, "glossary-new", "/glossary/new");
  const t = await page.goto("/glossary").then(() => page.locator("main .row-title").first().getAttribute("href").catch(() => null));
  if (t) await shot(page, "term", t);
  await shot(page, "domains", "/domains");
  await shot(page, "domain", await first(page, "main tbody a"));
  await shot(page, "domain-edit", page.url() + "/edit");
});
if (want("ada")) await as("ada", async (page) => {
  await shot(page, "admin-users", "/admin/users");
  const u = await page.locator("main tbody th a").nth(1).getAttribute("href");
  await shot(page, "admin-user", u);
  await shot(page, "admin-user-new", "/admin/users/new");
  await shot(page, "admin-groups", "/admin/groups");
  await shot(page, "admin-domains", "/admin/domains");
  await shot(page, "admin-storage", "/admin/storage");
});
if (want("aud")) await as("aud", async (page) => { await shot(page, "audit-all", "/audit"); await shot(page, "audit-filter", "/audit?outcome=denied&from=2020-01-01"); });
await browser.close();
console.log(problems.join("\n") || "no problems");
