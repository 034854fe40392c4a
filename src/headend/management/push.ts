import { PUSH_GROUPS } from '../push/groups.ts';
import { pushSetups } from '../push/setup-objects.ts';
import type { PushChannel } from '../push/setup-port.ts';
import { isAbout, type ManagementGroup } from './group.ts';

/** In the place of what nobody has asked for. */
const NOT_ASKED: PushChannel = {
  host: '',
  port: 0,
  client: 1,
  confirmed: true,
  window: '',
  retries: 0,
  retryDelayS: 0,
  longestRetryDelayS: 0,
  rules: [],
};

/** Class 40: where the concentrator pushes to, and when, one for each group of contents. */
export const pushGroup: ManagementGroup = {
  objects: (at) => {
    const port = at.sources.management.pushSetups;
    const asked = PUSH_GROUPS.some(({ obis }) => isAbout(at, obis));
    return pushSetups(at, asked ? port : { ...port, read: async () => NOT_ASKED });
  },
};
