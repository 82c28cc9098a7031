// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Units;
import io.github.depthc.frontend.vision.MergedLayout;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What the images of a run were and cost.
 *
 * @param input    the images
 * @param seen     what the tower made of them
 * @param template name of the chat template; empty where ids were given
 */
record ImageReport(ImageInput input, ImageInput.Seen seen, Optional<String> template) {
    private MergedLayout layout() {
        return seen.prompt().layout();
    }

    int visionTokens() {
        return layout().visionTokens();
    }

    private int tokens(int image) {
        return (int) layout().places().stream().filter(p -> p != null && p.image() == image).count();
    }

    /** How many image tokens each layer processed; empty where that is not known. */
    Optional<int[]> kept(GenerationResult result) {
        boolean[] vision = layout().vision();
        if (visionTokens() == 0) {
            return Optional.empty();
        }
        int[] kept = new int[result.kept().length];
        for (int l = 0; l < kept.length; l++) {
            int[] tokens = result.routed().get(l);
            if (tokens == null && result.kept()[l] != vision.length) {
                return Optional.empty();
            }
            kept[l] = tokens == null ? visionTokens() : (int) IntStream.of(tokens).filter(t -> vision[t]).count();
        }
        return Optional.of(kept);
    }

    void print(Console console) {
        template.ifPresent(t -> console.note("chat     " + t));
        for (int i = 0; i < input.images().size(); i++) {
            ImageInput.Prepared p = input.images().get(i);
            console.note("image    " + p.file() + ": " + p.input().originalWidth() + " x " + p.input().originalHeight() + " pixels, " + pieces(p) + ", " + tokens(i) + " tokens");
            p.remarks().forEach(r -> console.note("         " + r));
        }
        if (!input.images().isEmpty()) {
            console.note("vision   " + visionTokens() + " tokens in " + Units.duration(seen.vision()[0]) + ", after preparing for " + Units.duration(input.seconds())
                    + " and loading for " + Units.duration(seen.load()));
        }
        if (layout().cut() > 0) {
            console.note("cut      " + layout().cut() + " tokens on the right: the model takes " + seen.prompt().tokens() + " of a prompt with images");
        }
    }

    private static String pieces(ImageInput.Prepared p) {
        return p.input().patches() == 1 ? "1 piece" : p.input().patches() + " pieces (the whole and " + p.tower().across() + " x " + p.tower().down() + ")";
    }

    void put(ObjectNode o, int tokens, GenerationResult result) {
        o.put("prompt_tokens", tokens).put("vision_tokens", visionTokens()).put("prompt_tokens_cut", layout().cut());
        template.ifPresent(t -> o.put("chat_template", t));
        ArrayNode images = o.putArray("images");
        for (int i = 0; i < input.images().size(); i++) {
            ImageInput.Prepared p = input.images().get(i);
            ObjectNode image = images.addObject().put("file", p.file().toString()).put("width", p.input().originalWidth()).put("height", p.input().originalHeight())
                    .put("pieces", p.input().patches()).put("tokens", tokens(i));
            p.remarks().forEach(image.putArray("remarks")::add);
        }
        kept(result).ifPresent(k -> o.set("vision_kept_per_layer", JsonOutput.array(k)));
        o.set("vision_positions", JsonOutput.array(MergedLayout.ranges(layout().vision()).stream().flatMapToInt(IntStream::of).toArray()));
    }

    void putTimes(ObjectNode o) {
        o.put("prepare_s", input.seconds()).put("vision_load_s", seen.load()).put("vision_s", seen.vision()[0]);
    }
}
