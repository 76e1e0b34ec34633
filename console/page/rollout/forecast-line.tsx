import type { Forecast } from '../../../plans/forecast.ts';
import { forecastText } from '../../../plans/standing-words.ts';

/** When the rollout is where it goes, and what lies between. */
export function ForecastLine({ forecast }: { forecast: Forecast | null }) {
  if (forecast === null) return null;
  return (
    <section className="card" aria-labelledby="forecast">
      <h2 id="forecast">Forecast</h2>
      <p>{forecastText(forecast)}.</p>
      {forecast.waitsFor.length > 0 && (
        <>
          <h3>On the way</h3>
          <ul>
            {forecast.waitsFor.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
