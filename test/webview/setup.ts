// Once before all webview tests: the bundle, and a short real run.
export { prepare as setup } from './harness';
