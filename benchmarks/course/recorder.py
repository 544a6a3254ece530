"""A recorder that works in a page: it needs no kernel, no network and no script of others."""

from __future__ import annotations

import html
from dataclasses import dataclass

RATE = 16000

_SCRIPT = """
(async (button) => {
  const box = button.closest('.recorder'), say = (text) => { box.querySelector('output').value = text };
  if (box.stop) { box.stop(); return; }
  if (!navigator.mediaDevices) { say('no microphone here; choose a file instead'); return; }
  let stream;
  try { stream = await navigator.mediaDevices.getUserMedia({audio: true}); }
  catch (error) { say('no microphone here (' + error.name + '); choose a file instead'); return; }
  const parts = [], recorder = new MediaRecorder(stream);
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = async () => {
    stream.getTracks().forEach((track) => track.stop());
    box.stop = null; button.textContent = 'Record';
    box.take(new Blob(parts));
  };
  box.stop = () => recorder.stop();
  recorder.start(); button.textContent = 'Stop'; say('recording');
})(this)
"""

_TAKE = """
((box, blob) => {
  const say = (text) => { box.querySelector('output').value = text };
  const context = new OfflineAudioContext(1, 1, RATE);
  blob.arrayBuffer().then((bytes) => context.decodeAudioData(bytes)).then((sound) => {
    const samples = sound.getChannelData(0), view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
    const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
    text(0, 'RIFF'); view.setUint32(4, 36 + 2 * samples.length, true); text(8, 'WAVEfmt ');
    view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
    view.setUint32(24, RATE, true); view.setUint32(28, 2 * RATE, true);
    view.setUint16(32, 2, true); view.setUint16(34, 16, true);
    text(36, 'data'); view.setUint32(40, 2 * samples.length, true);
    samples.forEach((x, i) => view.setInt16(44 + 2 * i, Math.max(-1, Math.min(1, x)) * 32767, true));
    const url = window.URL.createObjectURL(new Blob([view], {type: 'audio/wav'}));
    box.querySelector('audio').src = url; box.querySelector('a').href = url; box.querySelector('p').hidden = false;
    say((samples.length / RATE).toFixed(1) + ' s');
  }).catch(() => say('no sound that this browser can read'));
})
""".replace("RATE", str(RATE))


@dataclass(frozen=True)
class Recorder:
    """A button that records, and a file input for where there is no microphone; both give a WAV to listen to and save.

    The sound stays in the browser until its reader saves it. Where no script runs, nothing happens.

    Attributes
    ----------
    name : str
        What is to be said, and the name of the file without its suffix.

    Examples
    --------
    >>> page = Recorder("bored")._repr_html_()
    >>> 'download="bored.wav"' in page, 'type="file"' in page
    (True, True)
    """

    name: str

    def _repr_html_(self) -> str:
        """The recorder as a notebook and a page show it."""
        name = html.escape(self.name, quote=True)
        record = html.escape(
            f"this.closest('.recorder').take=(blob)=>{_TAKE}(this.closest('.recorder'),blob);{_SCRIPT}"
        )
        choose = html.escape(f"{_TAKE}(this.closest('.recorder'),this.files[0])")
        return (
            f'<div class="recorder" style="margin:0.6em 0"><b>{name}</b> '
            f'<button type="button" onclick="{record}">Record</button> '
            f'<label>or a file <input type="file" accept="audio/*" style="max-width:60%" onchange="{choose}"></label> '
            f'<output></output><p hidden><audio controls style="max-width:100%"></audio> '
            f'<a download="{name}.wav">save {name}.wav</a></p></div>'
        )
