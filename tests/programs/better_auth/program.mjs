// A site whose accounts and subscriptions are better-auth's, with its own plugin for Stripe.
// SANDBOX is the sandbox's address. Prints what the site and its visitor saw as JSON.

import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { stripe as stripePlugin } from "@better-auth/stripe";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import Stripe from "stripe";

const sandbox = new URL(process.env.SANDBOX);
const stripe = new Stripe("sk_test_program", {
  host: sandbox.hostname,
  port: sandbox.port,
  protocol: "http",
  telemetry: false,
});

let handler;
const site = createServer((request, response) => handler(request, response));
site.listen(0, "127.0.0.1");
await once(site, "listening");
const address = `http://127.0.0.1:${site.address().port}`;

const product = await stripe.products.create({ name: "Pro" });
const monthly = { product: product.id, currency: "usd", recurring: { interval: "month" } };
const basic = await stripe.prices.create({ ...monthly, unit_amount: 1000 });
const pro = await stripe.prices.create({ ...monthly, unit_amount: 3000 });
const support = await stripe.prices.create({ ...monthly, unit_amount: 500 });
const endpoint = await stripe.webhookEndpoints.create({
  url: `${address}/api/auth/stripe/webhook`,
  enabled_events: ["*"],
});

const auth = betterAuth({
  baseURL: address,
  secret: "a secret of this program, which nobody needs to keep",
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], subscription: [] }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    stripePlugin({
      stripeClient: stripe,
      stripeWebhookSecret: endpoint.secret,
      createCustomerOnSignUp: true,
      subscription: {
        enabled: true,
        plans: [
          { name: "basic", priceId: basic.id },
          { name: "pro", priceId: pro.id, lineItems: [{ price: support.id }] },
        ],
      },
    }),
  ],
});
handler = toNodeHandler(auth);

let cookie = "";
async function visit(path, body) {
  const response = await fetch(`${address}/api/auth/${path}`, {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json", Origin: address, Cookie: cookie },
    body: body && JSON.stringify(body),
    redirect: "manual",
  });
  const text = await response.text();
  if (!response.ok && response.status !== 302) throw new Error(`${path}: ${response.status} ${text}`);
  const cookies = response.headers.getSetCookie().map((each) => each.split(";")[0]);
  if (cookies.length) cookie = cookies.join("; ");
  return text ? JSON.parse(text) : {};
}

async function control(path, body) {
  const response = await fetch(new URL(`/_sandbox/${path}`, sandbox), { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response.json();
}

async function until(isRight) {
  let subscriptions = [];
  for (let tries = 0; tries < 200; tries += 1) {
    subscriptions = await visit("subscription/list");
    if (subscriptions.some(isRight)) return subscriptions[0];
    await sleep(50);
  }
  throw new Error(`it did not come to be: ${JSON.stringify(subscriptions)}`);
}

await visit("sign-up/email", { email: "ada@example.com", password: "correct horse battery", name: "Ada" });
const pages = { successUrl: "/thanks", cancelUrl: "/plans", returnUrl: "/account" };
const checkout = await visit("subscription/upgrade", { plan: "basic", ...pages });
await control(`checkout/${checkout.id}/pay`, { card: "4242424242424242" });
const bought = await until((each) => each.status === "active" && each.plan === "basic");

await visit("subscription/upgrade", { plan: "pro", ...pages });
const upgraded = await until((each) => each.status === "active" && each.plan === "pro");
const items = (await stripe.subscriptions.retrieve(bought.stripeSubscriptionId)).items.data;

await visit("subscription/upgrade", { plan: "basic", scheduleAtPeriodEnd: true, ...pages });
const scheduled = await until((each) => each.stripeScheduleId);
await control("clock", { advance: 32 * 86400 });
const downgraded = await until((each) => each.status === "active" && each.plan === "basic");

site.close();
site.closeAllConnections();
console.log(
  JSON.stringify({
    prices: { basic: basic.id, pro: pro.id, support: support.id },
    customer: bought.stripeCustomerId,
    subscription: bought.stripeSubscriptionId,
    plans: [bought.plan, upgraded.plan, downgraded.plan],
    items: items.map((item) => item.price.id),
    schedule: scheduled.stripeScheduleId,
  }),
);
