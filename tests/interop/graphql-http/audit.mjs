// Runs the audits of the package graphql-http and counts their outcome by requirement level.

const LEVELS = ["MUST", "SHOULD", "MAY"];

/** `fetch` that signs every request, and adds headers. The audits choose the others themselves. */
const signedFetch = (token, further) => (url, options = {}) =>
  fetch(url, { ...options, headers: { ...options.headers, ...further, authorization: `Bearer ${token}` } });

async function outcome(audit) {
  const [level] = audit.name.split(" ", 1);
  try {
    const { status, reason } = await audit.fn();
    return { level, name: audit.name, status, reason };
  } catch (error) {
    return { level, name: audit.name, status: "error", reason: `the audit itself failed: ${error.message}` };
  }
}

/** Every audit's `{ level, name, status, reason }`; the status is "ok" where the requirement holds. */
export async function auditAll(serverAudits, url, token, further = {}) {
  const results = [];
  for (const audit of serverAudits({ url, fetchFn: signedFetch(token, further) })) results.push(await outcome(audit));
  return results;
}

/** One line per level with its count, then one per requirement that does not hold. */
export function summary(results) {
  const counts = LEVELS.map((level) => {
    const all = results.filter((result) => result.level === level);
    return `${level}: ${all.filter(({ status }) => status === "ok").length} of ${all.length} hold`;
  });
  const missed = results.filter(({ status }) => status !== "ok").map(({ name, reason }) => `not held: ${name} (${reason})`);
  return [...counts, ...missed];
}
