import { html } from 'hono/html';

/** The form on which people say who they are; it carries the request's parameters along. */
export function signInPage(request: Record<string, string | undefined>) {
  const kept = Object.entries(request).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Sign in · Tenantry on this machine</title>
    <style>
      :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
      body { display: grid; place-items: center; min-height: 100vh; margin: 0; }
      form { display: grid; gap: 1rem; width: min(22rem, 90vw); }
      h1 { font-size: 1.25rem; margin: 0; }
      p { margin: 0; opacity: 0.75; }
      label { display: grid; gap: 0.25rem; }
      label.choice { display: flex; gap: 0.5rem; align-items: center; }
      input[type='email'], button { font: inherit; padding: 0.6rem 0.75rem; border-radius: 0.5rem; border: 1px solid #8888; }
      button { cursor: pointer; border: 0; background: #2f5bea; color: white; }
    </style>
  </head>
  <body>
    <form method="post" action="/authorize">
      <h1>Sign in</h1>
      <p>This issuer runs on your machine for trying things out. Say who you want to be; nothing is checked.</p>
      ${kept.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <label>E-mail
        <input type="email" name="email" value="you@example.com" required autofocus autocomplete="email" />
      </label>
      <label class="choice"><input type="checkbox" name="operator" /> As an operator, who sees every tenant</label>
      <button type="submit">Sign in</button>
    </form>
  </body>
</html>`;
}
