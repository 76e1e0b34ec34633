export { rollout } from './rollout.ts';
export { steps } from './steps.ts';
export { verification } from './verification.ts';
