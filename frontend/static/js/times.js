// <time datetime="…Z" data-relative> reads "3 min ago"; the exact local time is its title.

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const steps = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [30 * 86400, "day", 86400]];

/** "3 min ago", "in 2 days"; dates further than a month away are written out. */
export function relativeText(then, now) {
  const seconds = Math.round((then - now) / 1000);
  const away = Math.abs(seconds);
  if (away < 10) return "just now";
  for (const [limit, unit, size] of steps) {
    if (away < limit) return relative.format(Math.trunc(seconds / size), unit).replace(".", "");
  }
  return day.format(then);
}

function write(element) {
  const then = new Date(element.dateTime);
  if (Number.isNaN(then.getTime())) return;
  element.title = exact.format(then);
  element.textContent = "exact" in element.dataset ? exact.format(then) : relativeText(then, new Date());
}

export function startTimes(root) {
  for (const element of root.querySelectorAll("time[data-relative], time[data-exact]")) write(element);
}

setInterval(() => {
  if (!document.hidden) startTimes(document);
}, 60_000);
