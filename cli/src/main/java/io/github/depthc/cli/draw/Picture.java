// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

/**
 * A picture of a model, not laid out yet.
 *
 * @param title    the model's name
 * @param subtitle a line about it
 * @param chart    what is in it
 */
record Picture(String title, String subtitle, Chart chart) {
}
