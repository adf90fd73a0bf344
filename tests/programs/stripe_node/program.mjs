// A shop that sells through Stripe's own Node client: subscribe, upgrade, cancel, Checkout and verified webhooks.
// CLIENT is the name of the installed client, SANDBOX the sandbox's address. Prints what it saw as JSON.

import { createServer } from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const { default: Stripe } = await import(process.env.CLIENT);
const IS_OLD = process.env.CLIENT === "stripe-17";
const sandbox = new URL(process.env.SANDBOX);
const stripe = new Stripe("sk_test_program", {
  host: sandbox.hostname,
  port: sandbox.port,
  protocol: "http",
  telemetry: false,
});

const received = [];
const shop = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const signature = request.headers["stripe-signature"];
    received.push(stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, endpoint.secret));
    response.writeHead(200).end();
  } catch (error) {
    response.writeHead(400).end(error.message);
  }
});
shop.listen(0, "127.0.0.1");
await once(shop, "listening");
const address = `http://127.0.0.1:${shop.address().port}`;
const endpoint = await stripe.webhookEndpoints.create({ url: `${address}/hook`, enabled_events: ["*"] });

async function webhook(type, id) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = received.find((event) => event.type === type && event.data.object.id === id);
    if (found) return found;
    await sleep(50);
  }
  throw new Error(`no ${type} of ${id} among ${received.map((event) => event.type)}`);
}

async function subscribe(customer, price) {
  return stripe.subscriptions.create({
    customer,
    items: [{ price }],
    expand: [IS_OLD ? "latest_invoice.payment_intent" : "latest_invoice.confirmation_secret"],
  });
}

const product = await stripe.products.create({ name: "Pro", metadata: { program: process.env.CLIENT } });
const recurring = { interval: "month" };
const basic = await stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 1000, recurring });
const pro = await stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 3000, recurring });

const customer = await stripe.customers.create({ email: "ada@example.com", name: "Ada" });
const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: card.id } });

const subscription = await subscribe(customer.id, basic.id);
await webhook("invoice.paid", subscription.latest_invoice.id);

const upgraded = await stripe.subscriptions.update(subscription.id, {
  items: [{ id: subscription.items.data[0].id, price: pro.id }],
  proration_behavior: "always_invoice",
  billing_cycle_anchor: IS_OLD ? "now" : { type: "now" },
});
await webhook("customer.subscription.updated", subscription.id);
const listed = [];
for await (const invoice of stripe.invoices.list({ subscription: subscription.id, limit: 1 })) listed.push(invoice.id);
const items = [];
for await (const item of stripe.subscriptionItems.list({ subscription: subscription.id })) items.push(item.price.id);
const canceled = await stripe.subscriptions.cancel(subscription.id);
await webhook("customer.subscription.deleted", subscription.id);

const session = await stripe.checkout.sessions.create({
  mode: "subscription",
  customer_email: "grace@example.com",
  line_items: [{ price: pro.id, quantity: 1 }],
  success_url: `${address}/thanks`,
  ...(IS_OLD ? { ui_mode: "hosted", payment_method_types: ["card"] } : {}),
});
const paid = await fetch(new URL(`/_sandbox/checkout/${session.id}/pay`, sandbox), {
  method: "POST",
  body: JSON.stringify({ card: "4242424242424242" }),
});
if (!paid.ok) throw new Error(await paid.text());
const completed = (await webhook("checkout.session.completed", session.id)).data.object;
const lines = await stripe.checkout.sessions.listLineItems(session.id);

let refusal;
try {
  await stripe.customers.retrieve("cus_none");
} catch (error) {
  refusal = { type: error.type, code: error.code, status: error.statusCode };
}

let forged = "taken";
try {
  stripe.webhooks.constructEvent("{}", "t=1,v1=00", endpoint.secret);
} catch (error) {
  forged = error.type;
}

await stripe.webhookEndpoints.del(endpoint.id);
shop.close();
shop.closeAllConnections();
console.log(
  JSON.stringify({
    prices: { basic: basic.id, pro: pro.id },
    subscription: subscription.id,
    upgraded: upgraded.items.data.map((item) => item.price.id),
    canceled: canceled.status,
    listed,
    items,
    bought: completed.subscription,
    lines: lines.data.map((line) => [line.price.id, line.quantity]),
    refusal,
    forged,
    events: received.map((event) => event.type),
  }),
);
