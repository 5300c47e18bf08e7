import { Config } from '@pulumi/pulumi';
import type { ConfigReader } from '../config.ts';

/** Reads the configuration of the stack that is running. */
export function stackConfig(): ConfigReader {
  return (key) => {
    const [namespace = '', name = ''] = key.split(':');
    const text = new Config(namespace).get(name);
    return text !== undefined && /^[[{]/.test(text) ? JSON.parse(text) : text;
  };
}
