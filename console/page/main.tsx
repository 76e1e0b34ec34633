import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import './style/base.css';
import './style/shell.css';
import './style/board.css';
import './style/rollout.css';
import './style/calendar.css';
import './style/plan.css';
import { applyTheme, chosenTheme } from './theme.ts';

applyTheme(chosenTheme());
const root = document.getElementById('console');
if (root === null) throw new Error('index.html has no place for the console');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
