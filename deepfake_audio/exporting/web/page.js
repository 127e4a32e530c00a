import * as ort from './ort.wasm.min.mjs';
import { bounds, calibrated, decoded, refusal, tooLittleSound, windowStarts } from './hearing.js';

const find = id => document.getElementById(id);
let session, about, turn = 0;

const percent = p => p > 0.999 ? '> 99.9 %' : p < 0.001 ? '< 0.1 %' : `${(100 * p).toFixed(1)} %`;
const clock = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const say = text => { find('state').textContent = text; };

async function load() {
  // One thread: more would need headers that a plain server does not send.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL('./', import.meta.url).href;
  about = await (await fetch('detector.json')).json();
  session = await ort.InferenceSession.create('detector.onnx');
  find('about').textContent =
    `${about.model}, a detector made with deepfake_audio. It calls a recording fake from P(fake) = ` +
    `${percent(about.threshold.threshold)} on. It can be wrong, and knows only the kinds of fakes that it was ` +
    'trained on: it is no evidence by itself. The library says more of a recording than this page: it also warns of ' +
    'clipping, of noise and of a narrow band, and declines to judge what is unlike its training material.';
  find('file').disabled = false;
  say('Ready.');
}

async function logitOf(window) {
  const whole = new Float32Array(about.window_samples);
  whole.set(window);
  const found = await session.run({
    waveform: new ort.Tensor('float32', whole, [1, whole.length]),
    samples: new ort.Tensor('int64', BigInt64Array.of(BigInt(window.length)), [1]),
  });
  return found.logit.data[0];
}

async function judge(file) {
  const mine = ++turn, rate = about.sample_rate;
  find('answer').hidden = true;
  say(`Reading ${file.name} ...`);
  let wave;
  try {
    wave = await decoded(await file.arrayBuffer(), rate);
  } catch {
    return say(`${file.name} cannot be read: this browser finds no sound in it that it could decode.`);
  }
  const refused = refusal(wave, rate);
  if (refused) return say(refused);
  const [first, end] = bounds(wave, rate, about.neutral?.silence_db);
  const starts = windowStarts(end - first, about.window_samples), windows = [];
  for (const start of starts) {
    const from = first + start, to = Math.min(from + about.window_samples, end);
    const logit = await logitOf(wave.subarray(from, to));
    if (mine !== turn) return;
    windows.push({ from: from / rate, to: to / rate, logit, p: calibrated(logit, about.calibration) });
    say(`Listening: ${clock(to / rate)} of ${clock(wave.length / rate)}`);
    // Let the page draw and answer in between.
    await new Promise(done => setTimeout(done));
  }
  show(file, wave.length / rate, windows, tooLittleSound(wave, rate));
}

function show(file, seconds, windows, tooLittle) {
  const logit = windows.reduce((sum, window) => sum + window.logit, 0) / windows.length;
  const p = calibrated(logit, about.calibration), { threshold, interval } = about.threshold;
  if (!Number.isFinite(p)) return say('Samples are so far out of range that there is no answer.');
  const doubts = [tooLittle, interval && interval[0] <= p && p <= interval[1] ? tooClose(interval) : '', ...about.doubts];
  const unsure = doubts.filter(Boolean), verdict = unsure.length ? 'unsure' : p >= threshold ? 'fake' : 'real';
  const words = {
    fake: 'Called fake',
    real: 'Not called fake',
    unsure: "Can't tell",
  };
  find('name').textContent = file.name;
  find('verdict').textContent = `${words[verdict]}: P(fake) is ${percent(p)}, and this detector calls fake what reaches ${percent(threshold)}.`;
  Object.assign(find('verdict').dataset, { verdict, p: String(p), logit: String(logit) });
  notes(unsure, verdict, windows);
  draw(seconds, windows, threshold);
  URL.revokeObjectURL(find('player').src);
  find('player').src = URL.createObjectURL(file);
  find('answer').hidden = false;
  say('Done.');
}

const tooClose = ([low, high]) =>
  `P(fake) is too close to the threshold, which other voices in validation would have put anywhere from ${percent(low)} to ${percent(high)}.`;

function notes(told, verdict, windows) {
  const { threshold } = about.threshold, whole = about.window_samples / about.sample_rate;
  const heard = windows.at(-1).to - windows[0].from, reached = windows.filter(window => window.p >= threshold);
  if (heard < whole) told.push(`${heard.toFixed(1)} s is shorter than the ${whole.toFixed(1)} s the detector listens to at once: less certain.`);
  if (verdict === 'real' && reached.length) told.push(`${reached.length} of ${windows.length} windows reach the threshold, the first from ${clock(reached[0].from)} on, and so do some windows of real recordings: listen to those stretches.`);
  find('notes').replaceChildren(...told.map(text => Object.assign(document.createElement('li'), { textContent: text })));
}

function draw(seconds, windows, threshold) {
  find('bars').replaceChildren(...windows.map((window, number) => {
    // The last window may reach back over the one before: its bar begins where that one ends.
    const from = number ? Math.max(window.from, windows[number - 1].to) : window.from;
    const bar = document.createElement('button');
    bar.className = window.p >= threshold ? 'fake' : 'real';
    bar.title = `${clock(window.from)} to ${clock(window.to)}: P(fake) ${percent(window.p)}`;
    bar.setAttribute('aria-label', bar.title);
    bar.style.left = `${100 * from / seconds}%`;
    bar.style.width = `${100 * (window.to - from) / seconds}%`;
    bar.style.height = `${100 * window.p}%`;
    bar.onclick = () => {
      find('player').currentTime = window.from;
      find('player').play();
    };
    return bar;
  }));
  find('threshold').style.bottom = `${100 * Math.min(1, threshold)}%`;
  find('end').textContent = clock(seconds);
}

function listen() {
  const drop = find('drop');
  const take = file => { if (file && session) judge(file).catch(error => say(`That went wrong: ${error.message}`)); };
  find('file').onchange = event => take(event.target.files[0]);
  for (const kind of ['dragover', 'drop', 'dragleave']) addEventListener(kind, event => {
    event.preventDefault();
    drop.classList.toggle('over', kind === 'dragover');
    if (kind === 'drop') take(event.dataTransfer.files[0]);
  });
}

listen();
load().catch(error => say(`The detector cannot be loaded: ${error.message}`));
