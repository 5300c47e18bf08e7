import { type Browser, chromium } from 'playwright-core';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';

/** Chromium without anything that would make it talk to the network on its own. */
export function launchChromium(executablePath = readToolchainEnv().chromium): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
