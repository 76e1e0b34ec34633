import { Fragment } from 'react';
import { excludedLines, isOver } from '../../../plans/standing-words.ts';
import { audience } from '../../../plans/words.ts';
import { isNobody } from './served.ts';
import { about, trafficOf } from './traffic.ts';
import type { Watched } from './use-rollout.ts';

/** Who has the new path now, and who would have it after a stop. */
export function Serving({ watched }: { watched: Watched }) {
  const { view } = watched;
  const traffic = trafficOf(watched);
  const { percent } = view.exposure;
  return (
    <section className="card" aria-labelledby="serving">
      <h2 id="serving">Served now</h2>
      <p className="big">{isNobody(view.exposure) ? 'Nobody' : audience(view.exposure)}</p>
      <p>
        {isNobody(view.exposure)
          ? view.exposure.mode === undefined
            ? 'Everybody has the old path.'
            : view.exposure.mode === 'aa'
              ? 'Everybody has the old path, and a share of them is counted apart.'
              : 'Everybody has the old path, and the new one runs behind it.'
          : percent >= 100
            ? 'have the new path.'
            : 'have the new path, everybody else the old one.'}
      </p>
      <span className="split" aria-hidden="true">
        <i style={{ inlineSize: `${percent}%` }} />
      </span>
      <dl>
        {traffic !== null && !isOver(view) && (
          <>
            <dt>New path</dt>
            <dd>
              {about(traffic.perMinute)} requests/min
              {traffic.users !== null &&
                `, ${Math.round(traffic.users).toLocaleString('en-US')} users in this stage`}
            </dd>
          </>
        )}
        {excludedLines(view).map((text, index) => (
          <Fragment key={text}>
            <dt>{index === 0 ? 'Off the canary' : ''}</dt>
            <dd>{text}</dd>
          </Fragment>
        ))}
        <dt>After a stop</dt>
        <dd>{audience(view.safeExposure)}</dd>
        <dt>Flag revision</dt>
        <dd>{view.flagRevision ?? 'none yet'}</dd>
      </dl>
    </section>
  );
}
