import type { Path, YamlDocument } from '../plans/document.ts';
import { type Finding, pathText } from '../plans/finding.ts';
import { TOLD } from '../plans/names.ts';
import { isLoopback } from '../server/loopback.ts';
import { reviewChannels, reviewDigest } from './channel-review.ts';
import type { Config } from './config.ts';
import type { Say } from './say.ts';

/** What the schema alone cannot see: parts of the configuration that contradict each other. */
export function reviewConfig(config: Config, document: YamlDocument, file: string): Finding[] {
  const findings: Finding[] = [];
  const say = (path: Path, message: string, instead: string) => {
    const place = document.locate(path, true);
    findings.push({
      severity: 'error',
      rule: 'CONFIG-CONFLICT',
      file,
      ...place,
      path: pathText(path),
      message,
      instead,
    });
  };
  for (const [name, source] of Object.entries(config.sources)) {
    const path = ['sources', name];
    if (source.bearer !== undefined && source.basic !== undefined) {
      say(
        [...path, 'basic'],
        'there is a bearer token too, and only one of them can be sent',
        'one of `bearer` and `basic`',
      );
    }
    pairOf(source.tls, [...path, 'tls'], say);
  }
  for (const [name, provider] of Object.entries(config.providers)) {
    if (name === 'embedded')
      say(['providers', name], 'the flags that Tidegate serves itself have this name', 'another name');
    if (name === TOLD) say(['providers', name], 'flags that are told by API have this name', 'another name');
    if (provider.kind !== 'observe') continue;
    const { [provider.of]: watched } = config.providers;
    if (watched === undefined || watched.kind === 'observe')
      say(['providers', name, 'of'], `"${provider.of}" is no platform of \`providers\``, 'the name of one');
  }
  reviewChannels(config, say);
  reviewDigest(config, say);
  for (const name of ['alertmanager', 'slack'])
    if (config.webhooks[name] !== undefined)
      say(['webhooks', name], `/api/v1/webhooks/${name} is taken already`, 'another name');
  pairOf(config.temporal.tls, ['temporal', 'tls'], say);
  const { server, flags, telemetry } = config;
  // The port of the API serves OFREP and downloads too, for which its own login is not asked.
  for (const [part, host] of [
    ['flags', flags.host],
    ['server', server.host],
  ] as const) {
    if (isLoopback(host) || flags.auth === 'tokens') continue;
    say(
      [part, 'host'],
      `${host} can be reached from other machines, and everybody could read the flags`,
      'add `auth: tokens` to `flags`, or listen on 127.0.0.1',
    );
  }
  const ports: [Path, string, number][] = [
    [['server', 'port'], server.host, server.port],
    [['flags', 'syncPort'], flags.host, flags.syncPort],
    [['flags', 'workerSyncPort'], flags.host, flags.workerSyncPort],
    [['flags', 'httpPort'], flags.host, flags.httpPort],
    [['telemetry', 'serverPort'], telemetry.host, telemetry.serverPort],
    [['telemetry', 'workerPort'], telemetry.host, telemetry.workerPort],
  ];
  ports.forEach(([path, host, port], index) => {
    const before = ports
      .slice(0, index)
      .find((other) => port !== 0 && other[1] === host && other[2] === port);
    if (before !== undefined) say(path, `${pathText(before[0])} is ${port} too`, 'a port of its own');
  });
  return findings;
}

function pairOf(
  tls: { cert?: string | undefined; key?: string | undefined } | undefined,
  path: Path,
  say: Say,
): void {
  if (tls === undefined || (tls.cert === undefined) === (tls.key === undefined)) return;
  const [has, lacks] = tls.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
  say(
    [...path, has],
    `\`${has}\` is given without \`${lacks}\``,
    `add \`${lacks}:\`, or take \`${has}\` out`,
  );
}
