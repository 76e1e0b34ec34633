import { Failure } from '../plans/failures.ts';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import type { ServerDeps } from './deps.ts';
