import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The origin is fixed: `flags.origins` names it. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  server: { host: '127.0.0.1', port: 5173, strictPort: true },
});
