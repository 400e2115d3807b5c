// The page of a dashboard: listens to the host and shows one run or a comparison, whichever it is told to.
import './style.css';
import { CompareView } from './compare/compare-view';
import { Host } from './host';
import { RunView } from './run-view';
import { registerControls } from './ui/controls';
import { onThemeChange } from './ui/palette';

registerControls();
const host = new Host();
const { runs } = host.keepState();

const main = document.getElementById('view') ?? document.body;
let view: RunView | CompareView | undefined;

function show(made: RunView | CompareView): void {
  view = made;
  main.replaceChildren(made.element);
}

show(runs.length > 1 ? new CompareView(host.post.bind(host)) : new RunView(host));

host.listen((message) => {
  if (message.kind === 'comparison') {
    if (!(view instanceof CompareView)) show(new CompareView(host.post.bind(host)));
    if (view instanceof CompareView) view.show(message.runs);
    return;
  }
  if (message.kind === 'init' && message.view === 'compare') {
    if (!(view instanceof CompareView)) show(new CompareView(host.post.bind(host)));
    return;
  }
  if (!(view instanceof RunView)) show(new RunView(host));
  if (view instanceof RunView) view.handle(message);
});

onThemeChange(() => view?.rebuild());
