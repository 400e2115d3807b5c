// A webview's page lets nothing run but its own bundle, and no run's name break out of it.
import { expect, it } from 'vitest';
import { newNonce, webviewPage } from '../../../extension/webview-page';

const parts = { script: 'https://w/webview.js', style: 'https://w/webview.css', title: 'T' };

it('allows scripts by nonce only', () => {
  const page = webviewPage({ ...parts, state: { runs: ['/r'] } }, 'https://w', 'N0NCE');
  const policy = /content="(default-src[^"]*)"/.exec(page)?.[1];
  expect(policy).toBe(
    "default-src 'none'; script-src 'nonce-N0NCE'; style-src 'nonce-N0NCE' https://w; font-src https://w; img-src https://w data:",
  );
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).toContain('<script nonce="N0NCE" src="https://w/webview.js">');
});

it('escapes what a folder may be called', () => {
  const run = `/a"><script>alert(1)</script>&'`;
  const page = webviewPage({ ...parts, state: { runs: [run] } }, 'https://w', 'n');
  expect(page.match(/<script/g)).toHaveLength(1);
  const attribute = /data-state="([^"]*)"/.exec(page)?.[1] ?? '';
  const text = attribute
    .replaceAll('&quot;', '"')
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
  expect(JSON.parse(text)).toEqual({ runs: [run] });
});

it('makes a new nonce each time', () => {
  expect(newNonce()).not.toBe(newNonce());
  expect(newNonce()).toMatch(/^[\w-]{24}$/);
});
