/** What must be known beside the plan before a risk can be seen. */
export type Knowledge = 'traffic' | 'rollouts' | 'clock';

export interface Risk {
  holds: string;
  /** What happens to those who do not mind it. */
  why: string;
  mend: string;
  /** Absent: the plan alone shows it. */
  needs?: Knowledge;
}

const risks = {
  'PLAN-DARK': {
    holds: 'Whoever asks for the flag takes part in a dark launch, or in its A/A beginning.',
    why: 'The flag gives the canary to its cohort, and only `tidegate/client` knows not to serve it.',
    mend: 'Nothing where every application asks through `tidegate/client`: allow it with that reason.',
  },
  'PLAN-TENANT-SHARE': {
    holds: 'Few tenants are listed, and not drawn by chance.',
    why: 'A share of the tenants may be none of them, or the largest of all, and their requests are not independent.',
    mend: '`audience: { tenants: [...] }` or `waves` where there are fewer than about 50.',
  },
  'PLAN-OBSERVE': {
    holds: 'A plan that only watches has nothing that moves a flag, and nobody to ask.',
    why: 'Whoever reads it believes that somebody is asked, and nobody is.',
    mend: 'Take it out, or keep it for the day on which the plan acts.',
  },
  'PLAN-EXCLUDE-SILENT': {
    holds: 'Somebody is told when a slice is taken off the canary.',
    why: 'The rollout goes on and looks well, while some of the customers it was made for do not have it.',
    mend: 'A channel in `notify` with `events: [excluded]`.',
  },
  'PLAN-EXCLUDE-WIDE': {
    holds: 'A release that is bad for many stops as a whole.',
    why: 'Taken off slice by slice, a regression that everybody has reaches 100 % of whoever is left.',
    mend: '`policy: { exclusions: { most: 3, traffic: 20% } }`, with fewer than all slices.',
  },
  'PLAN-EXCLUDE-BLIND': {
    holds: 'A slice that is taken off by itself can be judged where nobody of it is on the old path.',
    why: 'A tenant that has the canary as a whole is compared with nobody: without a limit it stays on it, however bad.',
    mend: 'A limit such as `{ metric: errors, above: 5%, for: 5m, action: rollback }`, of a metric that the slice counts.',
  },
  'PLAN-LIMIT-LATE': {
    holds: 'No stage can be over before a limit has had its time.',
    why: 'How long a value is above is counted in each stage anew: a canary that is above throughout a shorter stage goes on, and a tenant that has it as a whole is judged by nothing else.',
    mend: 'A `for` of at most the shortest `bake`, or a longer `bake`.',
  },
  'PLAN-NO-OWNER': {
    holds: 'Somebody owns the rollout.',
    why: 'Whoever is woken by a stop must know whom to ask.',
    mend: '`metadata: { owner: TEAM }`.',
  },
  'PLAN-NO-TICKET': {
    holds: 'The change is described somewhere.',
    why: 'An approver cannot judge what nobody has described, and an incident review finds no beginning.',
    mend: '`metadata: { ticket: ABC-123 }`.',
  },
  'PLAN-NO-ERRORS': {
    holds: 'Errors are compared.',
    why: 'A canary that fails fast is quick and cheap: every other metric can look better for it.',
    mend: 'A metric of kind `ratio` with `bad:` and a margin.',
  },
  'PLAN-NO-LATENCY': {
    holds: 'A slow canary is noticed too.',
    why: 'A canary that answers everything, too late, passes every comparison of errors.',
    mend: 'A metric of kind `latency` with a margin.',
  },
  'PLAN-NO-INTERNAL': {
    holds: 'The first users are your own.',
    why: 'What is broken for everybody is found by colleagues within the hour, without harm to anybody else.',
    mend: 'A first stage with `audience: { segments: [...] }`.',
  },
  'PLAN-BIG-FIRST-STEP': {
    holds: 'The first public stage is at most 5 %.',
    why: 'Nothing is known of the public yet: the first step is the one that most often fails.',
    mend: 'A stage of 1 before it.',
  },
  'PLAN-BIG-JUMP': {
    holds: 'No stage has more than five times the users of the one before.',
    why: 'Load, caches and connections grow with the share: what held at 1 % says little of 50 %.',
    mend: 'A stage between the two.',
  },
  'PLAN-NO-PEAK': {
    holds: 'A public stage that is compared lasts a day at least, so that it meets the daily peak.',
    why: 'What breaks under load passes every gate of the night, and breaks at 100 % on the next morning.',
    mend: '`bake: 24h` in one public stage below 100 %, better in each.',
  },
  'PLAN-NO-HARD-MARGIN': {
    holds: 'A metric of errors rolls back by itself.',
    why: 'Without a hard margin errors pause and page, and stay until somebody is awake.',
    mend: '`hard:` beside `soft:`, such as +1pp.',
  },
  'PLAN-NO-HARD-STOP': {
    holds: 'A hard stop rolls back.',
    why: 'A hard margin is where nobody should be asked; a pause leaves the canary with its users until morning.',
    mend: '`policy: { hard: rollback }`.',
  },
  'PLAN-NOT-YET': {
    holds: 'What is kept and has no effect yet is known to have none.',
    why: 'Whoever reads the plan believes that it has one.',
    mend: 'Nothing: it does no harm.',
  },
  'PLAN-ADVISORY': {
    holds: 'A metric without margins decides nothing.',
    why: 'It looks like a guard and is a picture.',
    mend: '`soft:`, and `hard:` for a rollback.',
  },
  'PLAN-MIXED-MARGINS': {
    holds: 'The soft and the hard margin of a metric can be compared.',
    why: 'Which of them is reached first depends on what the baseline is like, so that a hard stop may come before the page.',
    mend: 'The same unit for both.',
  },
  'PLAN-NO-BASELINE': {
    holds: 'At 100 % nothing is left to compare with, so that only limits guard it.',
    why: 'Without a baseline and without a limit nothing can stop the longest stage.',
    mend: 'A limit of a fixed value in `limits:`, such as an error rate above 5% (`2x baseline` has nothing to double there), or a last public stage of 99.',
  },
  'PLAN-UNSEEN': {
    holds: 'The traffic shows what the thresholds name within the bake time.',
    why: 'A gate that cannot see passes; it looks as safe as one that has seen and found nothing.',
    mend: 'A longer `bake`, more percent, or a wider margin.',
    needs: 'traffic',
  },
  'PLAN-NO-KILL-PATH': {
    holds: 'A kill takes the new path away from its users.',
    why: 'With `safeExposure: frozen` a stop and a kill leave everybody on the broken path who is on it.',
    mend: '`safeExposure: { variant: NAME }`, a third variant that disables the feature.',
  },
  'PLAN-LEASE-SHORT': {
    holds: 'A lease does not give way before the rule for missing data.',
    why: 'A short outage of the metrics moves users back and forth.',
    mend: 'A `lease` longer than `policy.noData.after`.',
  },
  'PLAN-SILENT-STOP': {
    holds: 'Somebody hears of a rollback, of a pause and of missing data.',
    why: 'A pause that nobody hears of ends by its deadline, and a rollback is found by the next release.',
    mend: 'A channel in `notify` with `events: [paused, rolled-back, no-data]`.',
  },
  'PLAN-NO-EXPIRY': {
    holds: 'The flag has a day by which it is gone.',
    why: 'A flag without one stays in the code for years, and is switched one day by somebody who knows nothing of it.',
    mend: '`flag: { expires: DATE }`.',
  },
  'PLAN-EXPIRED': {
    holds: 'The day by which the flag is gone comes after the end of the rollout.',
    why: 'A flag that is over its day from the start is reported as left behind while it is in use, and nobody heeds the next report.',
    mend: 'A later day in `flag: { expires: DATE }`.',
    needs: 'clock',
  },
  'PLAN-DEADLINE-SHORT': {
    holds: 'The stages have time before the deadline.',
    why: 'A rollout that does everything right is paused or rolled back by the clock, in the middle of its way.',
    mend: 'A later `deadline`, shorter `bake` times, or wider `windows`.',
    needs: 'clock',
  },
  'PLAN-PAST': {
    holds: 'A day or a time of the plan is still to come when it counts.',
    why: 'A list of the last year freezes nothing in this one, and a start that is over waits for nobody.',
    mend: 'The days that are meant, or take it out.',
    needs: 'clock',
  },
  'PLAN-NO-DECOMMISSION': {
    holds: 'The old path is taken away in the end.',
    why: 'Two paths are kept, tested and secured for good, and the old one rots unseen.',
    mend: 'A last stage with `decommission: { cleanFor: 7d }`.',
  },
  'PLAN-FRIDAY': {
    holds: 'Nothing is raised on a Friday afternoon.',
    why: 'What breaks then is found at the weekend, by fewer people and with fewer users awake to tell.',
    mend: '`windows: { timezone: ZONE, allow: ["Mon-Thu 09:00-16:00", "Fri 09:00-12:00"] }`.',
  },
  'PLAN-NO-DUAL-WRITE': {
    holds: 'While data are migrated both paths can read what is written.',
    why: 'A rollback gives users an old path that does not know what they did on the new one.',
    mend: '`migration: { writes: both }`, or `reversibility: forward-only` where that cannot be.',
  },
  'PLAN-NO-PARITY': {
    holds: 'While data are migrated something compares both sides.',
    why: 'Data that differ cause no error and no delay: no other metric sees them.',
    mend: '`migration: { parity: NAME }`, of a limit or a metric that counts what differs.',
  },
  'PLAN-ONE-APPROVER': {
    holds: 'No one role approves the whole way.',
    why: 'One person who is wrong, tired or alone then opens every gate.',
    mend: 'Another role at one of them, or `quorum: 2`.',
  },
  'PLAN-FLAG-SHARED': {
    holds: 'No other active rollout has the flag.',
    why: 'One flag that switches two things cannot be rolled back for one of them.',
    mend: 'Wait for the other rollout, or give this change a flag of its own.',
    needs: 'rollouts',
  },
  'PLAN-REQUIRES-OPEN': {
    holds: 'What a plan requires of other rollouts can come about as things stand.',
    why: 'The rollout waits for something that nobody has submitted, that was rolled back, or that never gets so far.',
    mend: 'Submit the other plan, or amend the one of the two that is wrong.',
    needs: 'rollouts',
  },
  'PLAN-ALLOW-UNUSED': {
    holds: 'What is allowed is there.',
    why: 'An allowance that nothing needs hides the same risk when it comes back.',
    mend: 'Take it out.',
  },
} as const satisfies Record<string, Risk>;

export type RiskId = keyof typeof risks;
/** Every risk that a plan can take: a warning by its stable id, which `allow` in the plan accepts with a reason. */
export const RISKS: Readonly<Record<RiskId, Risk>> = risks;
