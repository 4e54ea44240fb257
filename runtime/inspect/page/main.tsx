import { render } from 'preact';
import './style.css';

render(<p>Chorale</p>, document.getElementById('app') as HTMLElement); // index.html has it
