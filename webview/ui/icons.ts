// Icons drawn here, 16 × 16, in the text's colour: a font file would need a place of its own in the policy.

const paths = {
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 2.5h3v11H4zM9 2.5h3v11H9z',
  stop: 'M3 3h10v10H3z',
  save: 'M2 2h9.5L14 4.5V14H2zM4 3v4h7V3zM5 9.5V13h6V9.5z',
  table: 'M2 2.5h12v11H2zM3 6v2h4V6zM8 6v2h5V6zM3 9v3.5h4V9zM8 9v3.5h5V9z',
  warning: 'M8 1.5 15 14H1zM7.25 6v4h1.5V6zM7.25 11v1.5h1.5V11z',
  error: 'M8 1.5A6.5 6.5 0 1 0 8 14.5 6.5 6.5 0 0 0 8 1.5zM7.25 4v5h1.5V4zM7.25 10.5V12h1.5v-1.5z',
  previous: 'M10.5 2.5 5 8l5.5 5.5 1-1L7 8l4.5-4.5z',
  next: 'M5.5 2.5 11 8l-5.5 5.5-1-1L9 8 4.5 3.5z',
  open: 'M3 3h5v1.5H4.5v7h7V8H13v5H3zM9.5 3H13v3.5h-1.2V5.1L8 8.9l-.9-.9 3.8-3.8H9.5z',
  compare: 'M2 2.5h5v11H2zM3.2 4v8h2.6V4zM9 2.5h5v11H9zM10.2 4v8h2.6V4z',
  history:
    'M8 1.5A6.5 6.5 0 1 1 1.5 8H3a5 5 0 1 0 1.5-3.6L6 6H1.5V1.5l1.9 1.9A6.5 6.5 0 0 1 8 1.5zM7.25 4.5h1.5v3.2l2.2 2.2-1 1-2.7-2.7z',
  zoomOut:
    'M2 3.5h2v9H2zM12 3.5h2v9h-2zM5 7.4l1.8-2 .8.8-.8.8h2.4l-.8-.8.8-.8L11 7.4v1.2l-1.8 2-.8-.8.8-.8H6.8l.8.8-.8.8L5 8.6z',
  close: 'M3.5 2.5 8 7l4.5-4.5 1 1L9 8l4.5 4.5-1 1L8 9l-4.5 4.5-1-1L7 8 2.5 3.5z',
  bug: 'M6 3a2 2 0 0 1 4 0l1.5 1.5L14 4l.4 1.2-2.4 1V7h3v1.3h-3v1l2.4 1-.4 1.2-2.6-.9A4 4 0 0 1 8 14a4 4 0 0 1-3.4-3.4L2 11.5l-.4-1.2 2.4-1v-1H1V7h3v-.8l-2.4-1L2 4l2.5.5z',
  beaker: 'M5 1.5h6V3h-1v3.5l3.8 6.4-.8 1.6H3l-.8-1.6L6 6.5V3H5zM7.2 3v4L5.4 10h5.2L8.8 7V3z',
  folder: 'M1.5 3h5l1.5 1.5h6.5V13h-13z',
  chat: 'M2 2.5h12v8.5H7.5L4.5 14v-3H2z',
  export: 'M8 1.5 11.5 5l-.9.9-2-2V10H7.4V3.9l-2 2L4.500 5zM2.500 9H4v4h8V9h1.5v5.5h-11z',
  check: 'M6.2 12.600 2 8.400l1.200-1.200 3 3L12.800 3.600 14 4.800z',
  cross: 'M3.500 2.500 8 7l4.500-4.500 1 1L9 8l4.500 4.500-1 1L8 9l-4.500 4.500-1-1L7 8 2.500 3.500z',
} as const;
export type IconName = keyof typeof paths;

const svg = 'http://www.w3.org/2000/svg';

/** Hidden from screen readers: what it says must also be said in words. */
export function icon(name: IconName): SVGElement {
  const drawn = document.createElementNS(svg, 'svg');
  drawn.setAttribute('viewBox', '0 0 16 16');
  drawn.setAttribute('class', 'icon');
  drawn.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg, 'path');
  path.setAttribute('d', paths[name]);
  path.setAttribute('fill', 'currentColor');
  path.setAttribute('fill-rule', 'evenodd');
  drawn.append(path);
  return drawn;
}
