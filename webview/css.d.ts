// Style sheets are imported for the bundle's webview.css alone.
declare module '*.css';
