// Makes DOM elements. Text is only ever set as text: what a model wrote can't become markup.

export type Child = Node | string | number | undefined | null | false;
type Attribute = string | number | boolean | undefined | ((event: Event) => void);

/** `on…` attributes are listeners; true sets an empty attribute; false and undefined leave it out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Readonly<Record<string, Attribute>>,
  ...children: Child[]
): HTMLElementTagNameMap[K];
export function element(
  tag: string,
  attributes?: Readonly<Record<string, Attribute>>,
  ...children: Child[]
): HTMLElement;
export function element(
  tag: string,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: Child[]
): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...nodes(children));
  return made;
}

export function nodes(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (child === undefined || child === null || child === false) return [];
    return [child instanceof Node ? child : String(child)];
  });
}

/** Sets text only where it differs, so that screen readers and selections aren't disturbed. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Text with every occurrence of `term` (any case) marked. */
export function markedText(text: string, term: string): (Node | string)[] {
  if (term === '') return [text];
  const parts: (Node | string)[] = [];
  const lower = text.toLowerCase();
  const wanted = term.toLowerCase();
  // Lower case can change a text's length (İ); then places don't match and nothing is marked.
  if (lower.length !== text.length) return [text];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), element('mark', {}, text.slice(at, at + term.length)));
    from = at + term.length;
  }
  parts.push(text.slice(from));
  return parts;
}
