import type { Contact } from "../../catalog/shared.ts";
import type { Environment } from "../../catalog/types.ts";
import type { Delivery, Receiver } from "./types.ts";

/** The receiver of the alert that always fires. */
export const WATCHDOG = "watchdog";

const TITLE =
  '{{ .CommonLabels.alertname }} {{ .CommonAnnotations.summary }}{{ if eq .Status "resolved" }} (over){{ end }}';
const TEXT = "{{ range .Alerts }}{{ .Annotations.description }}\n{{ end }}";
/** PagerDuty knows critical, error, warning and info. */
const PAGERDUTY_SEVERITY =
  '{{ if eq .CommonLabels.severity "critical" }}critical{{ else if eq .CommonLabels.severity "high" }}error{{ else }}warning{{ end }}';

/** One receiver a contact, and one for the alert that always fires. A contact without a channel is told nothing. */
export function receivers(
  { contacts }: Environment,
  names: readonly string[],
  delivery: Delivery,
): Receiver[] {
  const people = names.map((name) => receiver(name, contacts[name], delivery));
  const deadMan = { url_file: `${delivery.secrets}/${WATCHDOG}`, send_resolved: false };
  return [...people, { name: WATCHDOG, webhook_configs: [deadMan] }];
}

function receiver(name: string, contact: Contact | undefined, { secrets }: Delivery): Receiver {
  if (contact === undefined) return { name };
  const { pagerduty, slack, email, sms, webhook } = contact;
  const all = { send_resolved: true };
  const webhooks = [
    ...webhook.map((url) => ({ url, ...all })),
    // a gateway that sends text messages; the address holds the number
    ...sms.map((_, index) => ({ url_file: `${secrets}/sms-${name}-${index + 1}`, ...all })),
  ];
  return {
    name,
    ...given("pagerduty_configs", pagerduty, (service) => ({
      routing_key_file: `${secrets}/pagerduty-${fileName(service)}`,
      description: TITLE,
      severity: PAGERDUTY_SEVERITY,
      ...all,
    })),
    ...given("slack_configs", slack, (channel) => ({ channel, title: TITLE, text: TEXT, ...all })),
    ...given("email_configs", email, (to) => ({ to, headers: { Subject: TITLE }, ...all })),
    ...(webhooks.length === 0 ? {} : { webhook_configs: webhooks }),
  };
}

function given<Key extends string>(
  key: Key,
  values: readonly string[],
  make: (value: string) => Readonly<Record<string, unknown>>,
): Partial<Record<Key, readonly Readonly<Record<string, unknown>>[]>> {
  return values.length === 0 ? {} : ({ [key]: values.map(make) } as Record<Key, ReturnType<typeof make>[]>);
}

/** A name of PagerDuty's as a key of a Kubernetes Secret. */
function fileName(text: string): string {
  return text.replace(/[^a-zA-Z0-9._-]/g, "-");
}
