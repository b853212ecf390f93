// Node.js loads this file before a program that LocalStack starts (kinesis-local). The program then listens only on
// 127.0.0.1, whatever host it requests, and ends with the process that started it, even after kill -9.
"use strict";

const net = require("net");

const LOCALHOST = "127.0.0.1";
const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (where, ...rest) {
  if (typeof where === "object" && where !== null && "port" in where) {
    return listen.call(this, { ...where, host: LOCALHOST }, ...rest);
  }
  if (typeof where === "number") {
    const others = typeof rest[0] === "string" ? rest.slice(1) : rest;
    return listen.call(this, where, LOCALHOST, ...others);
  }
  return listen.call(this, where, ...rest);
};

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 250).unref();
