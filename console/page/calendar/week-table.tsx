import { dayText } from './times.ts';
import type { DayCell } from './weeks.ts';

const DAYS = [
  ['Mon', 'Monday'],
  ['Tue', 'Tuesday'],
  ['Wed', 'Wednesday'],
  ['Thu', 'Thursday'],
  ['Fri', 'Friday'],
  ['Sat', 'Saturday'],
  ['Sun', 'Sunday'],
] as const;
const WORDS: Record<DayCell['state'], string> = { open: 'may rise', closed: 'closed', frozen: 'frozen' };

/** Weeks of days, each with the hours in which exposure may rise. */
export function WeekTable({
  weeks,
  caption,
}: {
  weeks: readonly (readonly (DayCell | null)[])[];
  caption: string;
}) {
  return (
    <table className="weeks">
      <caption className="hidden">{caption}</caption>
      <thead>
        <tr>
          {DAYS.map(([short, long]) => (
            <th key={short} scope="col" abbr={long}>
              {short}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week, i) => (
          <tr key={week.find((day) => day !== null)?.date ?? i}>
            {week.map((day, n) =>
              day === null ? (
                <td key={DAYS[n]?.[0]} className="no-day" />
              ) : (
                <Day key={day.date} day={day} alone={n === 0 || day.date.endsWith('-01') || day.today} />
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `alone`: the month is said, too. */
function Day({ day, alone }: { day: DayCell; alone: boolean }) {
  const { date, state, spans, today } = day;
  const text = dayText(date);
  return (
    <td className={`day ${state}`} aria-current={today ? 'date' : undefined}>
      <span className="date">{alone ? text : text.split(' ')[0]}</span>
      <span className={state === 'frozen' ? 'state' : 'hidden'}>{WORDS[state]}</span>
      {spans.map((span) => (
        <span key={span} className="span">
          {span.split('–').map((part, i) => (
            <span key={part}>{i === 0 ? part : `–${part}`}</span>
          ))}
        </span>
      ))}
      {state === 'closed' && (
        <span className="span" aria-hidden="true">
          closed
        </span>
      )}
    </td>
  );
}
