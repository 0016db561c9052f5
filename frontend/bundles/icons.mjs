// The icons of the portal, by their Lucide names. One sprite holds exactly these:
// add a name here, run `node build.mjs`, use it as `{{ ui::icon("name") }}`.
export const icons = `
activity archive arrow-down arrow-left arrow-right arrow-up arrow-up-down badge-check ban bell binary
book-open bookmark boxes braces briefcase building-2 calendar calendar-clock chart-column check check-check
chevron-down chevron-left chevron-right chevrons-up-down circle circle-alert circle-check circle-dashed
circle-dot circle-question-mark circle-slash circle-user circle-x clipboard-check clock cloud code columns-3 command
contrast copy corner-down-left database download ellipsis external-link eye eye-off file file-text flag folder
folder-tree gauge git-compare globe grip-vertical hand hash hard-drive history hourglass house image-down inbox info
key-round layers layout-dashboard library link list-checks list-filter loader-circle lock lock-open log-out mail maximize
menu message-square monitor moon network package pencil pin play plug plus minus refresh-cw rotate-ccw save
scroll-text search send server settings shield shield-alert shield-check sliders-horizontal sparkles square
star sun table-2 tag tags terminal timer toggle-left trash-2 triangle-alert type undo-2 upload user
user-plus users venetian-mask waves workflow x zap zoom-in zoom-out
`.trim().split(/\s+/).sort();
