// How one value is shown and copied.

/** Writes a value as text; null becomes the mark for "no value", which NULL and withheld cells share. */
export function showValue(element, value) {
  element.textContent = "";
  const mark = value === null ? "novalue" : value === "" ? "novalue empty-text" : "";
  if (mark) {
    const span = document.createElement("span");
    span.className = mark;
    element.append(span);
    return;
  }
  element.textContent = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (element.textContent.length > 20) element.title = element.textContent.slice(0, 1000);
}

// Spreadsheets run cells that begin so as formulas.
const FORMULA = /^[=+\-@\t\r]/;

/** One value for a spreadsheet: quoted where needed, text that looks like a formula made harmless. */
function field(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = FORMULA.test(text) && !/^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text) ? `'${text}` : text;
  return /[\t\n\r"]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows as tab-separated text, as spreadsheets take it from the clipboard. */
export const toTabbedText = (rows) => rows.map((row) => row.map(field).join("\t")).join("\n");
