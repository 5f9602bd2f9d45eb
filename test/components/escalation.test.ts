import { expect, test } from "vitest";
import { Escalation } from "../../components/escalation.ts";
import { ACCOUNT, childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { escalation } from "../support/sample-plan.ts";

const SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription";

const build = () => record(() => new Escalation("ladder", { plan: escalation, accountId: ACCOUNT }));

test("a level is a topic, its policy, and one subscription for each address that SNS reaches", async () => {
  const resources = await build();
  expect(childrenOf(resources, "ladder")).toEqual([
    "aws:sns/topic:Topic ladder-L1",
    "aws:sns/topic:Topic ladder-L2",
    "aws:sns/topicPolicy:TopicPolicy ladder-L1-policy",
    "aws:sns/topicPolicy:TopicPolicy ladder-L2-policy",
    "aws:sns/topicSubscription:TopicSubscription ladder-L1-email-d108b279",
  ]);
  expect(resources).toHaveLength(6);
  expect(only(resources, SUBSCRIPTION).inputs).toEqual({
    topic: "arn:test:ladder-L1",
    protocol: "email",
    endpoint: "reader@example.com",
  });
});

test("only CloudWatch, for this account, may publish to a topic", async () => {
  const resources = await build();
  expect(only(resources, "aws:sns/topic:Topic", "ladder-L1").inputs).toEqual({ name: "test-standard-L1" });
  const { arn, policy } = only(resources, "aws:sns/topicPolicy:TopicPolicy", "ladder-L1-policy").inputs;
  expect(arn).toBe("arn:test:ladder-L1");
  expect(JSON.parse(policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "AlarmsPublish",
        Effect: "Allow",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Action: "sns:Publish",
        Resource: "arn:test:ladder-L1",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ],
  });
});
