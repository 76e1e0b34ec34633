/** `npm run check`: format, types, lint, import directions, purity, dead code. */
import { runSteps } from './check/steps.mjs';
import { tell } from './check/tell.mjs';

const results = await runSteps(tell);
process.exitCode = results.every((result) => result.passed) ? 0 : 1;
