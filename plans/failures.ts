/**
 * Every way in which Tidegate says no. One row drives the error code, the HTTP status, the exit status of the
 * command, whether a retry can help, and the hint that tells the reader what to do.
 * Exit: 1 the answer is no, 2 wrong use, 3 something could not be reached.
 */
interface Row {
  status: number;
  exit: 1 | 2 | 3;
  retry: boolean;
  hint: string;
}

const table = {
  PLAN_INVALID: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'Mend the places named; `tidegate plan check FILE` shows them all.',
  },
  PLAN_UNREADABLE: {
    status: 400,
    exit: 2,
    retry: false,
    hint: 'Check the path and that the file is YAML text.',
  },
  TRACE_INVALID: {
    status: 400,
    exit: 2,
    retry: false,
    hint: 'A trace is JSON lines as `tidegate status ROLLOUT --trace` prints them; mend the lines named.',
  },
  TRACE_UNREADABLE: {
    status: 400,
    exit: 2,
    retry: false,
    hint: 'Check the path and that the file is text of JSON lines.',
  },
  RECORDING_EMPTY: {
    status: 404,
    exit: 1,
    retry: false,
    hint: 'Name a time in which the canary had traffic; `--stage NAME` says which stage it was where the share does not.',
  },
  CONFIG_INVALID: {
    status: 500,
    exit: 2,
    retry: false,
    hint: 'Mend tidegate.yaml at the places named; `tidegate doctor` tries every connection in it.',
  },
  USAGE: {
    status: 400,
    exit: 2,
    retry: false,
    hint: '`tidegate --help` lists the commands and their options.',
  },
  ROUTE_UNKNOWN: { status: 404, exit: 2, retry: false, hint: '/api/v1/openapi.json lists the addresses.' },
  METHOD_UNKNOWN: {
    status: 405,
    exit: 2,
    retry: false,
    hint: '/api/v1/openapi.json lists the methods of each address.',
  },
  BASELINE_MISSING: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'The selector matches no series of the baseline cohort: check the cohort label and that the service is scraped.',
  },
  ROLLOUT_ACTIVE: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Wait for the active rollout of this flag, or roll it back first.',
  },
  ROLLOUT_UNKNOWN: { status: 404, exit: 1, retry: false, hint: '`tidegate list` shows the rollouts.' },
  ROLLOUT_OVER: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'The rollout has ended; submit the plan again to start another.',
  },
  NOT_WAITING: {
    status: 409,
    exit: 1,
    retry: false,
    hint: '`tidegate status ROLLOUT` says what it waits for.',
  },
  DRILL_REFUSED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Mend what is named, or drill at another stage; `tidegate status ROLLOUT` shows where it stands.',
  },
  STATE_STALE: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'The rollout has moved on since you looked: look again and decide on what is there now.',
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    exit: 2,
    retry: false,
    hint: 'An Idempotency-Key belongs to one request: send another key with another body.',
  },
  IDEMPOTENCY_BUSY: {
    status: 409,
    exit: 1,
    retry: true,
    hint: 'The first request with this Idempotency-Key is still in work: send it again in a second for its answer.',
  },
  STILL_READING: {
    status: 503,
    exit: 3,
    retry: true,
    hint: 'It goes on being read: ask again in a moment, as the commands and the console do by themselves.',
  },
  ONLY_WATCHES: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'The plan has `mode: observe`: move the flag where it is moved now; `tidegate end ROLLOUT` ends the observation.',
  },
  FLAG_WATCHED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Tidegate only reads this flag: switch it off where it is served.',
  },
  TOLD_STALE: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Something newer was told before; tell what is served now with a greater sequence number.',
  },
  APPROVED_ALREADY: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'This person has approved this stage already; somebody else must be the next.',
  },
  OWN_ROLLOUT: {
    status: 403,
    exit: 1,
    retry: false,
    hint: 'Nobody approves what they submitted: ask another person with the role.',
  },
  ROLE_MISSING: { status: 403, exit: 1, retry: false, hint: 'Ask somebody who has one of the roles named.' },
  LOGIN_NEEDED: {
    status: 401,
    exit: 2,
    retry: false,
    hint: 'Send a token (`--token`, TIDEGATE_TOKEN or `tidegate login`); an administrator makes one with `tidegate tokens create`.',
  },
  TOKEN_REFUSED: {
    status: 401,
    exit: 2,
    retry: false,
    hint: 'The token is unknown, has expired or was revoked: ask an administrator for another.',
  },
  TOKEN_UNKNOWN: { status: 404, exit: 1, retry: false, hint: '`tidegate tokens list` shows them.' },
  LOGIN_FAILED: {
    status: 401,
    exit: 2,
    retry: false,
    hint: 'Begin again at /login; an administrator maps groups to grants in tidegate.yaml, `auth.groups`.',
  },
  NO_ROLE: {
    status: 403,
    exit: 1,
    retry: false,
    hint: 'An administrator gives one of the groups named a role in tidegate.yaml, `auth.groups`; then log in again.',
  },
  PERMISSION_MISSING: {
    status: 403,
    exit: 1,
    retry: false,
    hint: '`tidegate whoami` shows what you may do; an administrator grants more.',
  },
  WEBHOOK_REFUSED: {
    status: 401,
    exit: 2,
    retry: false,
    hint: 'Sign with the secret of `webhooks` in tidegate.yaml as Standard Webhooks says, or with that of `slack` as Slack does, and keep the clock of the sender right.',
  },
  CSRF_MISSING: {
    status: 403,
    exit: 2,
    retry: false,
    hint: 'A change from a page carries the `x-tidegate-csrf` that /api/v1/session gives; reload the page.',
  },
  IDENTITY_UNREACHABLE: {
    status: 502,
    exit: 3,
    retry: true,
    hint: 'The identity provider does not answer; tokens and open sessions go on. Check `auth.oidc.issuer`.',
  },
  HARD_STOP: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'During a hard stop nothing can be approved; look at `tidegate status ROLLOUT`.',
  },
  REASON_MISSING: { status: 400, exit: 2, retry: false, hint: 'Say why: --reason "...".' },
  POINT_OF_NO_RETURN: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'The old path is decommissioned: roll the code back by its runbook.',
  },
  CONFIRM_NAME: {
    status: 422,
    exit: 2,
    retry: false,
    hint: 'What cannot be taken back is confirmed by its name: `tidegate confirm ROLLOUT --confirm FLAG`.',
  },
  STEP_UNKNOWN: {
    status: 404,
    exit: 1,
    retry: false,
    hint: '`tidegate steps ROLLOUT` lists what is left behind its point of no return.',
  },
  STEP_HELD: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Take the flag out of the code and report that: `tidegate flags references FLAG --report`.',
  },
  AMEND_REFUSED: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'Flag, environment and the stages already passed stay as they are.',
  },
  EXCLUDE_REFUSED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Roll back, or leave them out where the flag is served.',
  },
  ABANDON_REFUSED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'A rollout is left at 0 % or at 100 % only; `tidegate abandon ROLLOUT --lower` takes the canary from everybody.',
  },
  SUPERSEDE_REFUSED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'A newer plan takes the place of a rollout of the same flag and environment; `tidegate status ROLLOUT` says where that stands.',
  },
  RETRY_REFUSED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Without `--from` a retry begins at the first stage; `tidegate submit` takes a plan of another build as it is.',
  },
  RETRY_SAME_BUILD: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Deploy another build and name it: `metadata.build`, or `--build NAME` of a retry. Of a soft stop somebody else than who submitted that rollout may accept the difference: `tidegate retry ROLLOUT --accept 0.3pp`.',
  },
  RETRY_UNVERIFIED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Wait for the `rollback-verified` of `tidegate status ROLLOUT --history`, or begin at the first stage, without `--from`.',
  },
  INCIDENT_UNKNOWN: {
    status: 404,
    exit: 1,
    retry: false,
    hint: 'An incident begins with a stop that takes the canary from somebody; it is kept where the plan has a channel for `incident` or what follows it.',
  },
  INCIDENT_OPEN: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Wait until the flag is back (`tidegate status ROLLOUT`); where it cannot be written, `tidegate kill FLAG --direct`.',
  },
  INCIDENT_CLOSED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'It was closed already: `tidegate incident show ROLLOUT`.',
  },
  FLAG_LATCHED: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'A kill holds this flag: `tidegate unlock FLAG --reason "..."` is the way back.',
  },
  FLAGS_BUSY: {
    status: 503,
    exit: 1,
    retry: true,
    hint: 'Kills and rollbacks go first: apply the file again once they are through.',
  },
  FLAG_OWNED: { status: 409, exit: 1, retry: false, hint: 'Another rollout moves this flag.' },
  FLAG_UNKNOWN: { status: 404, exit: 1, retry: false, hint: 'Check the key and the environment.' },
  FLAG_EXISTS: {
    status: 409,
    exit: 1,
    retry: false,
    hint: '`tidegate flags edit FLAG` changes a flag that is there.',
  },
  FLAG_INVALID: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'Mend the places named; what was served before goes on being served.',
  },
  FLAG_FILE_UNREADABLE: {
    status: 400,
    exit: 2,
    retry: false,
    hint: 'Check the path and that the file is YAML or JSON text.',
  },
  REVISION_UNKNOWN: {
    status: 404,
    exit: 1,
    retry: false,
    hint: '`tidegate flags history FLAG` lists those of a flag; of a plan the details name them.',
  },
  SEGMENT_UNKNOWN: {
    status: 404,
    exit: 1,
    retry: false,
    hint: '`tidegate flags segments list` shows the segments.',
  },
  SEGMENT_INVALID: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'Mend the places named; the segment stays as it was.',
  },
  SEGMENT_IN_USE: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Take it out of the flags and rollouts named first.',
  },
  SEGMENT_FULL: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Members stand in every delivered definition: use a rule on an attribute for so many.',
  },
  FLAG_NOT_LATCHED: { status: 409, exit: 1, retry: false, hint: 'There is nothing to unlock.' },
  FLAG_DRIFT: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Somebody else moved the flag: `resume` takes it back to the plan, `accept-drift` goes on from what it serves where the plan allows that; or step back, or roll back.',
  },
  FLAG_STALE_EPOCH: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'A newer owner or a kill has overtaken this write.',
  },
  FLAG_TOKEN_UNKNOWN: {
    status: 404,
    exit: 1,
    retry: false,
    hint: '`tidegate flags tokens list` shows the tokens.',
  },
  FLAG_TOKEN_REFUSED: {
    status: 401,
    exit: 1,
    retry: false,
    hint: 'Send a token that is valid: `tidegate flags tokens create --environment NAME` makes one.',
  },
  FLAG_TOKEN_ELSEWHERE: {
    status: 403,
    exit: 1,
    retry: false,
    hint: 'A token opens one environment; use a token of the environment that is asked for.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    exit: 1,
    retry: true,
    hint: 'Wait as long as `Retry-After` says; the limit is `flags.limit` in tidegate.yaml.',
  },
  FLAG_UNSUPPORTED: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'The platform that serves the flag cannot do this: docs/platforms.md says what each can. Change the plan at the place named.',
  },
  PLATFORM_UNREACHABLE: {
    status: 502,
    exit: 3,
    retry: true,
    hint: 'Check `providers` in tidegate.yaml and that the platform answers; a kill and a lowering are sent again until they land.',
  },
  PLATFORM_REFUSED: {
    status: 502,
    exit: 1,
    retry: false,
    hint: 'The flag platform refuses the request: check the token, its rights and the names in `providers` of tidegate.yaml.',
  },
  PLATFORM_UNPUBLISHED: {
    status: 502,
    exit: 3,
    retry: true,
    hint: 'The file is written; the command of `providers.NAME.publish` in tidegate.yaml did not bring it on. Run it by hand to see why: Tidegate runs it again with every poll.',
  },
  TEMPORAL_UNREACHABLE: {
    status: 503,
    exit: 3,
    retry: true,
    hint: 'Start Temporal or mend `temporal.address`; `tidegate kill` works without it.',
  },
  POSTGRES_UNREACHABLE: {
    status: 503,
    exit: 3,
    retry: true,
    hint: 'Start PostgreSQL or mend `database.url`; delivered flags keep being served, `tidegate kill --direct` works without it.',
  },
  PROMETHEUS_UNREACHABLE: {
    status: 502,
    exit: 3,
    retry: true,
    hint: 'Start Prometheus or mend `sources`; rollouts hold meanwhile.',
  },
  PREFLIGHT_BUSY: {
    status: 429,
    exit: 1,
    retry: true,
    hint: 'Try it again in a moment, or run `tidegate preflight PLAN` on a machine of your own.',
  },
  PREFLIGHT_UNKNOWN: {
    status: 404,
    exit: 1,
    retry: false,
    hint: 'Begin it again: a server keeps preflights for a quarter of an hour, and another one does not know them.',
  },
  CHECK_UNREACHABLE: {
    status: 502,
    exit: 3,
    retry: true,
    hint: 'Mend `checks` in tidegate.yaml, or what it names: a check that asks it fails, and its rollout waits.',
  },
  TENANTS_SILENT: {
    status: 502,
    exit: 3,
    retry: true,
    hint: 'Look at `checks.databases` in tidegate.yaml, or try `tidegate doctor`; nothing was begun.',
  },
  PROMETHEUS_QUERY: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'Prometheus refuses the query; mend it in the plan.',
  },
  SERVER_UNREACHABLE: {
    status: 503,
    exit: 3,
    retry: true,
    hint: 'Start it with `tidegate server`, or name another with --server URL.',
  },
  CHANNEL_FAILED: {
    status: 502,
    exit: 3,
    retry: true,
    hint: 'The message is kept and tried again; check the channel in tidegate.yaml.',
  },
  PART_MISSING: {
    status: 500,
    exit: 3,
    retry: true,
    hint: 'Install the part named, or run `npm start` once with the registries in reach.',
  },
  PORT_BUSY: { status: 500, exit: 3, retry: true, hint: 'Stop what listens there, or name another port.' },
  ALREADY_RUNNING: {
    status: 409,
    exit: 1,
    retry: false,
    hint: 'Another `tidegate up` runs on this folder; use it, or stop it first.',
  },
  NOT_SUPPORTED: {
    status: 422,
    exit: 1,
    retry: false,
    hint: 'This version does not carry this out; take it out of the plan.',
  },
  INTERNAL: {
    status: 500,
    exit: 1,
    retry: true,
    hint: 'This is a bug in Tidegate; the log has the details.',
  },
} as const satisfies Record<string, Row>;

export type FailureCode = keyof typeof table;
export const FAILURES: Record<FailureCode, Row> = table;

/** An error for people: what happened (`message`), where, and by its code what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly where: string | undefined;
  readonly details: readonly string[];

  constructor(
    code: FailureCode,
    message: string,
    more: { where?: string; details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.where = more.where;
    this.details = more.details ?? [];
  }
}

export function isFailure(error: unknown): error is Failure {
  return error instanceof Failure;
}
