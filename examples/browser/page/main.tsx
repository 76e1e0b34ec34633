import { OpenFeature, OpenFeatureProvider } from '@openfeature/react-sdk';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { tidegateProvider } from './provider.ts';
import { settings } from './settings.ts';
import './style.css';

const FIRST_USER = 'ada';

// The context first: the provider asks for this user's flags at once.
void OpenFeature.setContext({ targetingKey: FIRST_USER });
OpenFeature.setProvider(tidegateProvider(settings));

const root = document.querySelector('#root');
if (root !== null) {
  createRoot(root).render(
    <OpenFeatureProvider>
      <App flag={settings.flag} environment={settings.environment} firstUser={FIRST_USER} />
    </OpenFeatureProvider>,
  );
}
