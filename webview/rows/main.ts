// The page of the paged view of a data file.
import './rows.css';
import { registerControls } from '../ui/controls';
import { RowsHost } from './rows-host';
import { RowsView } from './rows-view';

registerControls();
const host = new RowsHost();
const view = new RowsView(host);
(document.getElementById('view') ?? document.body).replaceChildren(view.element);
host.listen((message) => view.handle(message));
