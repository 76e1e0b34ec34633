import { provenStages } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import type { RetryRequest } from '../../../server/api/after.ts';
import type { Written } from '../parts/ask-dialog.tsx';

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

export function retryFields(field: Written['field']): Pick<RetryRequest, 'from' | 'build' | 'accept'> {
  const build = field('build');
  return {
    from: field('from'),
    ...(build === '' ? {} : { build }),
    ...(field('accept') === '' ? {} : { accept: 'shown' }),
  };
}
