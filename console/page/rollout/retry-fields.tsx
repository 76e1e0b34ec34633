import { provenStages } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import type { RetryRequest } from '../../../server/api/after.ts';

export type RetryGiven = Pick<RetryRequest, 'from' | 'build' | 'accept'>;

/** Where a retry begins and what stands behind its canary. `stands`: what was seen of the build would stop it at once. */
export function RetryFields({ view, stands }: { view: RolloutView; stands: boolean }) {
  return (
    <>
      <label htmlFor="from">Begin at stage</label>
      <select id="from" name="from">
        {provenStages(view).map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <label htmlFor="build">Build behind the canary now (may be empty)</label>
      <input
        id="build"
        name="build"
        defaultValue={view.build ?? ''}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
      />
      {stands && (
        <label className="check">
          <input type="checkbox" name="accept" /> Accept the difference that was seen
        </label>
      )}
    </>
  );
}

export function retryFields(form: FormData): RetryGiven {
  const build = String(form.get('build') ?? '').trim();
  return {
    from: String(form.get('from') ?? ''),
    ...(build === '' ? {} : { build }),
    ...(form.get('accept') === null ? {} : { accept: 'shown' }),
  };
}
