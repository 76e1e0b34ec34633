import { answersFrom, granted, neededApproval, waitingDeadline } from './blockers.ts';
import type { RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, policy } from './turn.ts';

/** Something that waits for a person. */
interface Question {
  key: string;
  since: number;
  deadline: number;
  text: string;
  /** When others are asked too, and on which channel. */
  escalation?: { at: number; channel: string };
}

/** Shares of the time for an answer after which people are reminded. */
const REMIND_AT = [0.5, 0.9];

function questionsOf(state: RolloutState): Question[] {
  const questions: Question[] = [];
  if (state.pause !== null) {
    const { since, deadline, causes } = state.pause;
    questions.push({ key: `pause ${since}`, since, deadline, text: `paused (${causes[0]?.text ?? ''})` });
  }
  const approval = neededApproval(state);
  const deadline = waitingDeadline(state);
  if (state.waitingSince !== null && deadline !== null && approval !== null && !granted(state, approval)) {
    const since = answersFrom(state, state.waitingSince);
    questions.push({
      key: `approval ${state.waitingSince}`,
      since,
      deadline,
      text: `waits for approval (${approval.roles.join(', ')})`,
      ...(approval.escalate === undefined
        ? {}
        : {
            escalation: {
              at: since + approval.sla * 1000,
              channel: approval.escalate.channel,
            },
          }),
    });
  }
  for (const { by, at, deadline } of state.glass ?? []) {
    questions.push({
      key: `glass ${at}`,
      since: at,
      deadline,
      text: `waits for a second person to confirm what ${by} did by breaking the glass`,
    });
  }
  return questions;
}

/** The last one of a question that is escalated is that. */
function dueTimes({ since, deadline, escalation }: Question): number[] {
  const end = escalation?.at ?? deadline;
  const reminders = REMIND_AT.map((share) => Math.round(since + share * (end - since)));
  return escalation === undefined ? reminders : [...reminders, escalation.at];
}

/** Reminds of every question whose time has come, once for each time; a clock that jumped reminds once. */
export function remind(turn: Turn): void {
  const { state, now } = turn;
  const questions = questionsOf(state);
  const before = state.reminded ?? {};
  const reminded: Record<string, number> = {};
  for (const question of questions) {
    const sent = before[question.key] ?? 0;
    const due = dueTimes(question).filter((time) => time <= now).length;
    if (Math.max(sent, due) > 0) reminded[question.key] = Math.max(sent, due);
    if (due <= sent || now >= question.deadline) continue;
    const { escalation } = question;
    const escalates = escalation !== undefined && now >= escalation.at;
    const end = escalates ? question.deadline : (escalation?.at ?? question.deadline);
    const left = `${Math.max(1, Math.round((end - now) / 60_000))} min are left for an answer`;
    journal(turn, escalates ? 'escalated' : 'reminder', {
      cause: policy(escalates ? 'nobody has answered in time' : 'nobody has answered yet'),
      summary: escalates
        ? `Nobody has answered in time: ${escalation.channel} is asked too. Still ${question.text}; ${left}.`
        : `Still ${question.text}; ${left}.`,
      flagBefore: state.flagRevision,
    });
  }
  if (Object.keys(before).length > 0 || Object.keys(reminded).length > 0) state.reminded = reminded;
}

/** When the next reminder is due; empty: no question is open. */
export function reminderTimes(state: RolloutState): number[] {
  return questionsOf(state).flatMap((question) =>
    dueTimes(question).slice(state.reminded?.[question.key] ?? 0),
  );
}
