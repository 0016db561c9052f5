// The GraphQL explorer page: mounts itself on <div id="graphiql" data-endpoint data-csrf>.
// Loaded on that page alone; nothing else may import it.
import React from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";

const host = document.getElementById("graphiql");

/** Sends one operation to the portal's own endpoint with the session cookie and the CSRF token. */
async function fetcher(params, options) {
  const response = await fetch(host.dataset.endpoint, {
    method: "POST",
    credentials: "same-origin",
    headers: {
      ...(options?.headers ?? {}),
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json",
      "x-csrf-token": host.dataset.csrf ?? "",
    },
    body: JSON.stringify(params),
  });
  return response.json();
}

if (host) {
  const theme = document.documentElement.dataset.theme;
  createRoot(host).render(
    React.createElement(GraphiQL, {
      fetcher,
      forcedTheme: theme === "light" || theme === "dark" ? theme : undefined,
      defaultQuery: host.dataset.query || "{ me { name } }\n",
      shouldPersistHeaders: false,
    }),
  );
}
