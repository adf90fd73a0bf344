"use strict";
// The whole life of a subscription over the JSON API. A staff token belongs on a server; here you type in your own.

const form = (id) => document.getElementById(id);
const fields = (id) => Object.fromEntries(new FormData(form(id)));
const person = { name: "", session: null, subscription: null };

async function ask(path, body) {
  const { base, token } = fields("connect");
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const options = body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers };
  let answer;
  try {
    answer = await fetch(`${base.replace(/\/+$/, "")}/api/${path}`, options);
  } catch {
    throw new Error(`No answer from ${base}. Is it running, and is ${location.origin} in its CORS_ALLOWED_ORIGINS?`);
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error?.message ?? `The server answered ${answer.status}.`);
  return told;
}

function say(text, isBad = false) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.className = isBad ? "bad" : "";
  message.hidden = false;
}

// Whatever somebody clicks ends in words: what was done, or why it was not.
async function attempt(action) {
  try {
    say(await action());
  } catch (error) {
    say(error.message, true);
  }
}

function make(tag, text, more = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...more });
}

function button(text, action, className = "") {
  return make("button", text, { className, type: "button", onclick: () => attempt(action) });
}

function price({ unit_amount, currency, interval }) {
  const money = new Intl.NumberFormat("en-US", { style: "currency", currency });
  const amount = money.format(unit_amount / 10 ** money.resolvedOptions().maximumFractionDigits);
  return interval === "one_time" ? `${amount} once` : `${amount} a ${interval}`;
}

const day = (moment) => new Date(moment).toLocaleDateString("en-GB", { dateStyle: "long", timeZone: "UTC" });

async function showPlans() {
  const { plans } = await ask("plans");
  const rows = plans.flatMap((plan) => plan.prices.map((offer) => {
    const row = make("li", "");
    row.append(make("span", `${plan.prod_name}, ${price(offer)}`));
    const held = person.subscription;
    if (held?.price_id === offer.price_id) row.append(make("strong", "Their plan"));
    else if (held && offer.mode === "subscription") row.append(button(`Change to ${plan.prod_name}`, () => change(offer)));
    else if (person.name) row.append(button(`Buy ${plan.prod_name}`, () => buy(offer)));
    return row;
  }));
  document.getElementById("plans").replaceChildren(...rows);
}

async function showSubscription() {
  const held = await ask("getsubs", { user_name: person.name, session_id: person.session });
  const latest = held.subscriptions[0];
  person.subscription = held.subscriptions.find((one) => one.gives_access) ?? null;
  const box = document.getElementById("subscription");
  if (!latest) {
    box.replaceChildren(make("p", `${person.name} has no subscription.`));
  } else {
    const ends = latest.ended_at ? `ended on ${day(latest.ended_at)}`
      : latest.cancel_at_period_end ? `ends on ${day(latest.cancel_at)}` : `renews on ${day(latest.current_period_end)}`;
    box.replaceChildren(make("p", `${latest.prod_name}, ${price(latest)}: ${latest.status}, ${ends}.`));
    const row = make("div", "");
    if (!latest.ended_at) row.append(button("Cancel now", () => cancel(latest, false)));
    if (!latest.ended_at && !latest.cancel_at_period_end) {
      row.append(button("Cancel at period end", () => cancel(latest, true), "plain"));
    }
    box.append(row);
  }
  await showPlans();
}

async function buy(offer) {
  const { session_id, url } = await ask("session", { user_name: person.name, price_id: offer.price_id });
  person.session = session_id;
  const link = make("a", "Pay on the checkout page", { href: url, target: "_blank", rel: "noopener", className: "button" });
  const row = make("div", "");
  row.append(link, button("I have paid", async () => (await showSubscription(), "This is what they have now."), "plain"));
  document.getElementById("subscription").replaceChildren(row);
  return "Nothing is charged before the checkout page is filled in.";
}

async function change(offer) {
  const { user_name, subscription_id } = { user_name: person.name, ...person.subscription };
  const after = await ask("updatesub", { user_name, subscription_id, price_id: offer.price_id });
  await showSubscription();
  const billed = after.charged_now ? "the difference was charged now" : "the difference is on the next invoice";
  return `Changed to ${after.prod_name}: ${billed}.`;
}

async function cancel({ subscription_id }, at_period_end) {
  const after = await ask("cancel", { user_name: person.name, subscription_id, at_period_end });
  await showSubscription();
  return at_period_end ? `Cancelled: access until ${day(after.cancel_at)}.` : "Cancelled: access has ended.";
}

function onSubmit(id, action) {
  form(id).addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(action);
  });
}

onSubmit("connect", async () => {
  const me = await ask("me");
  await showPlans();
  return `Connected as ${me.user_name}${me.is_staff ? ", who is staff" : ""}.`;
});

onSubmit("product", async () => {
  const asked = fields("product");
  const made = await ask("product", { ...asked, unit_amount: Number(asked.unit_amount) });
  await showPlans();
  form("product").reset();
  return `${made.prod_name} is for sale at ${price(made)}.`;
});

onSubmit("createcustomer", async () => {
  const { user_name, customer_id } = await ask("createcustomer", fields("createcustomer"));
  Object.assign(person, { name: user_name, session: null });
  await showSubscription();
  return `${user_name} is customer ${customer_id}.`;
});
