export { rollout } from './rollout.ts';
export { verification } from './verification.ts';
