import type { Permission } from '../plans/access.ts';
import type { Action } from './api.ts';

/** What each decision needs. Whoever submitted a plan may also withdraw what it waits for. */
export const NEEDED: Record<Action, readonly [Permission, ...Permission[]]> = {
  approve: ['approve'],
  confirm: ['approve'],
  reject: ['approve', 'submit'],
  'step-back': ['operate'],
  pause: ['operate'],
  resume: ['operate'],
  recheck: ['operate', 'submit'],
  waive: ['approve'],
  'accept-drift': ['operate'],
  rollback: ['operate'],
  end: ['operate', 'submit'],
  abandon: ['operate'],
};
