// The text of the editor: CodeMirror over a <textarea>, in the page's own colours.
import {
  EditorState, EditorView, Compartment, HighlightStyle, SQLDialect, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap,
  completionKeymap, defaultKeymap, drawSelection, highlightActiveLine, highlightSelectionMatches, history, historyKeymap, indentOnInput,
  keymap, lineNumbers, placeholder, searchKeymap, setDiagnostics, sql, syntaxHighlighting, tags,
} from "../vendor/codemirror.js";
import { styleNonce } from "./dom.js";

const look = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--ink)", fontSize: "var(--t3)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--accent)", padding: "10px 0" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-tint)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--ink-3)", border: "none", paddingLeft: "4px" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--hover) 70%, transparent)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-tint)", outline: "1px solid var(--accent-line)" },
  ".cm-selectionMatch": { backgroundColor: "var(--sunken)" },
  ".cm-placeholder": { color: "var(--ink-3)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "var(--radius)", boxShadow: "var(--shadow)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "var(--t2)", maxHeight: "16rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-tint)", color: "var(--accent-strong)" },
  ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal", marginLeft: "1em" },
  ".cm-panels input, .cm-panels button": { font: "inherit", color: "inherit", background: "var(--surface)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--danger)", textUnderlineOffset: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--danger)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--code-keyword)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--info)" },
]);

// What a reader's query may hold: completion offers these words and no others.
const dialect = SQLDialect.define({
  keywords: "select distinct from where group by order having limit offset as on using and or not in is null like ilike between exists "
    + "case when then else end join inner left right full outer cross lateral natural union all intersect except with recursive values "
    + "over partition rows range preceding following unbounded current row filter within asc desc nulls first last cast extract interval "
    + "true false any some qualify explain grouping sets rollup cube",
  types: "boolean smallint int integer bigint real float double precision decimal numeric char varchar text string date time timestamp timestamptz bytea uuid",
  builtin: "count sum avg min max coalesce nullif round abs lower upper trim length substr concat replace date_trunc date_part now row_number rank dense_rank lag lead first_value last_value",
  doubleDollarQuotedStrings: false,
  operatorChars: "+-*/<>=~!%^|&",
});

/** Tables and columns as CodeMirror's completion wants them: {database: {table: [{label, detail}]}}. */
function completionSchema({ tables }) {
  const schema = {};
  for (const table of tables) {
    schema[table.database] ??= {};
    schema[table.database][table.name] = table.columns.map((column) => ({ label: column.name, detail: column.type, type: "property" }));
  }
  return schema;
}

export class SqlText {
  /** Replaces the textarea in `host`; `run` is called on Ctrl-Enter, `changed(sql)` while typing. */
  constructor(host, { run, changed }) {
    const area = host.querySelector("textarea");
    this.language = new Compartment();
    this.view = new EditorView({
      parent: host,
      state: EditorState.create({ doc: area?.value ?? "", extensions: this.extensions(run, changed) }),
    });
    area?.remove();
    this.view.focus();
  }

  extensions(run, changed) {
    const runKey = { key: "Mod-Enter", preventDefault: true, run: () => { run(); return true; } };
    return [
      EditorView.cspNonce.of(styleNonce()),
      lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(), highlightSelectionMatches(),
      autocompletion({ icons: false }),
      keymap.of([runKey, ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
      this.language.of(sql({ dialect, upperCaseKeywords: false })),
      placeholder("select … from …"),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "SQL text. Control and Enter runs it.", spellcheck: "false", tabindex: "0" }),
      EditorView.updateListener.of((update) => { if (update.docChanged) changed(update.state.doc.toString()); }),
      look,
      syntaxHighlighting(colours),
    ];
  }

  get sql() {
    return this.view.state.doc.toString();
  }

  /** What is selected, or "". */
  selection() {
    const { from, to } = this.view.state.selection.main;
    return this.view.state.sliceDoc(from, to);
  }

  set(text) {
    if (text === this.sql) return;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  insert(text) {
    this.view.dispatch(this.view.state.replaceSelection(text));
    this.view.focus();
  }

  setSchema(schema) {
    const language = sql({ dialect, schema: completionSchema(schema) });
    this.view.dispatch({ effects: this.language.reconfigure(language) });
  }

  /** Underlines from a place (both counted from 1) to the end of its word. */
  mark(line, column, message) {
    const { doc } = this.view.state;
    const at = doc.line(Math.min(doc.lines, Math.max(1, line)));
    const from = Math.min(at.to, at.from + Math.max(0, column - 1));
    const word = doc.sliceString(from, at.to).match(/^[\w."]+/)?.[0].length ?? 1;
    this.view.dispatch(setDiagnostics(this.view.state, [{ from, to: Math.min(at.to, from + word), severity: "error", message }]));
  }

  clearMark() {
    this.view.dispatch(setDiagnostics(this.view.state, []));
  }
}
