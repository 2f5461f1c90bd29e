"use strict";
const audio = document.querySelector("audio");
const canvas = document.querySelector("canvas");
const report = JSON.parse(document.getElementById("report").textContent);
const parts = [...document.querySelectorAll(".part")];
const ends = () => (audio && audio.duration) || report.length || 1;
let silent = 0;
const now = () => (audio ? audio.currentTime : silent);

function seek(at, play) {
  silent = at;
  if (audio) {
    audio.currentTime = at;
    if (play) audio.play();
  }
  draw();
}

function draw() {
  const width = canvas.clientWidth, height = canvas.clientHeight, scale = window.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const style = getComputedStyle(document.documentElement);
  report.voices.forEach((levels, side) => {
    pen.fillStyle = style.getPropertyValue(side ? "--agent" : "--you");
    const middle = height * (side ? 0.75 : 0.25), cell = width / levels.length;
    levels.forEach((level, place) => {
      const tall = Math.max(1, level * height * 0.48);
      if (level > 0) pen.fillRect(place * cell, middle - tall / 2, Math.max(1, cell - 0.3), tall);
    });
  });
  pen.fillStyle = style.getPropertyValue("--here");
  pen.fillRect((now() / ends()) * width, 0, 1.5, height);
  const here = parts.filter((part) => +part.dataset.at <= now() + 0.05).pop();
  parts.forEach((part) => part.classList.toggle("now", part === here && now() > 0));
}

canvas.addEventListener("click", (event) => seek((event.offsetX / canvas.clientWidth) * ends(), false));
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.at");
  if (button) seek(+button.dataset.at, true);
});
if (audio) for (const name of ["timeupdate", "seeked", "loadedmetadata"]) audio.addEventListener(name, draw);
window.addEventListener("resize", draw);
draw();
