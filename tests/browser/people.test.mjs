// Everybody of the demonstration opens every page that links lead to: none is refused, none breaks a rule of
// accessibility or scrolls sideways in the hardest look.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { walk } from "./lib/inspect.mjs";
import { DEMO_PEOPLE } from "./lib/people.mjs";
import { demonstration } from "./lib/scene.mjs";

const scene = demonstration();
/** People at once: a page is drawn while another is looked at. */
const AT_ONCE = 2;

describe("every page that is linked is finished: dark, on a phone", { concurrency: AT_ONCE }, () => {
  for (const [username, name] of Object.entries(DEMO_PEOPLE)) {
    test(`for ${name}`, () =>
      scene.visitAs(username, async (page) => {
        // The explorer draws itself after the page has loaded; the story looks at it.
        const pages = await walk(page, ["/"], new Set(["/graphiql"]));
        assert.ok(pages >= 20, `only ${pages} pages were found`);
      }));
  }
});
