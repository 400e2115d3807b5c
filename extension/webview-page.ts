// The HTML page of a webview: its bundle and style sheet by nonce, nothing else, and what it is to show.
import { randomBytes } from 'node:crypto';

export interface PageParts {
  /** URIs as the webview sees them. */
  readonly script: string;
  readonly style: string;
  readonly title: string;
  /** Read by the page from `data-state` of its body. */
  readonly state: Readonly<Record<string, unknown>>;
}

export function newNonce(): string {
  return randomBytes(18).toString('base64url');
}

export function webviewPage({ script, style, title, state }: PageParts, cspSource: string, nonce: string): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}' ${cspSource}`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} data:`,
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" nonce="${nonce}" href="${escaped(style)}">
</head>
<body data-state="${escaped(JSON.stringify(state))}" data-nonce="${nonce}">
<main id="view"></main>
<script nonce="${nonce}" src="${escaped(script)}"></script>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
