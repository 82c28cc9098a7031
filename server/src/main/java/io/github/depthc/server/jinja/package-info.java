// SPDX-License-Identifier: Apache-2.0
/**
 * The part of the Jinja template language that chat templates are written in, without a way out of it: templates come with models, so
 * they see nothing but the values they are given, and their time, memory and depth are limited. {@code docs/results/chat-templates.md} says why no library stands in its place.
 */
package io.github.depthc.server.jinja;
