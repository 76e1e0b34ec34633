import { onPath } from './command.mjs';
import { goInstall, goUnfit } from './go.mjs';
import { fromPlaces } from './places.mjs';
import { fromRelease } from './release.mjs';

const VERSION = '0.28.1';

/**
 * Not from the distribution's package: unpacked without being installed it misses /usr/share/prometheus/alertmanager,
 * from where it reads its templates, and ends.
 * @returns {Promise<{ alertmanager: string }>}
 */
export async function findAlertmanager() {
  const alertmanager = onPath('alertmanager') ?? onPath('prometheus-alertmanager');
  if (alertmanager !== undefined) return { alertmanager };
  return fromPlaces({
    part: 'alertmanager',
    title: 'Alertmanager',
    programs: ['alertmanager'],
    places: [
      {
        name: 'its release archive on GitHub',
        usually: '15 s',
        fetch: (folder) =>
          fromRelease({ project: 'alertmanager', version: VERSION, programs: ['alertmanager'], folder }),
      },
      {
        name: 'building it with Go',
        usually: '3 minutes',
        unfit: goUnfit(),
        fetch: (folder) =>
          goInstall(`github.com/prometheus/alertmanager/cmd/alertmanager@v${VERSION}`, folder),
      },
    ],
    advice: ['Install Alertmanager (https://prometheus.io/download) so that `alertmanager` is on PATH.'],
  });
}
