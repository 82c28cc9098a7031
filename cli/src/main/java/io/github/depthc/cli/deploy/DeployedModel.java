// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.deploy;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtComponent;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.cli.run.Engines;
import io.github.depthc.backend.ort.TextEmbedding;
import io.github.depthc.cli.run.ImageInput;
import io.github.depthc.cli.run.TowerRun;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.TowerImages;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.ServedModel;
import io.github.depthc.server.chat.BundleTemplate;
import io.github.depthc.server.chat.ChatTemplate;
import io.github.depthc.server.chat.PlainTemplate;
import io.github.depthc.server.chat.VicunaTemplate;
import io.github.depthc.server.vision.ServedVision;
import java.io.IOException;
import java.util.Optional;

/** A bundle loaded for a server: its decoder, its tokenizer and, where it takes images, its vision tower. */
public final class DeployedModel implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final Engine engine;
    private final Optional<OrtComponent> tower;
    private final ServedModel served;
    private final String template;

    private DeployedModel(Tokenizer tokenizer, Engine engine, Optional<OrtComponent> tower, ServedModel served, String template) {
        this.tokenizer = tokenizer;
        this.engine = engine;
        this.tower = tower;
        this.served = served;
        this.template = template;
    }

    /**
     * Loads a bundle.
     *
     * @param device  what computes
     * @param console is told where the GPU is not taken, though the bundle is for one
     * @param name    what requests call it
     * @param plain   whether conversations become plain text even where the model has a template of its own
     */
    public static DeployedModel open(Bundle bundle, DeviceKind device, OrtOptions runtime, Console console, String name, boolean plain) throws IOException {
        boolean images = bundle.has(Bundle.VISION);
        if (images) {
            Engines.requireCpu(bundle, device);
        }
        Optional<ChatTemplate> own = plain ? Optional.empty() : template(bundle);
        ChatTemplate template = own.orElseGet(images && !plain ? VicunaTemplate::new : PlainTemplate::new);
        String words = own.isPresent() ? "" : images && !plain ? "Conversations are written as Vicuna v1: the model has no chat template."
                : "Conversations become lines \"User: …\" and \"Assistant: …\"" + (plain ? "." : ": the model has no chat template.");
        LlavaSettings settings = images ? ImageInput.settings(bundle) : null;
        ImageSettings how = images ? TowerImages.settings(Checkpoint.config(bundle.folder()), settings, bundle.folder()) : null;
        Tokenizer tokenizer = Tokenizer.open(bundle.folder(), bundle.info().model().vocab());
        Engine engine = null;
        try {
            if (!images) {
                engine = Engines.open(bundle, device, runtime, console);
                return new DeployedModel(tokenizer, engine, Optional.empty(), new ServedModel(name, engine, tokenizer, template, Optional.empty()), words);
            }
            OrtEngine decoder = OrtEngine.open(bundle, runtime);
            engine = decoder;
            TextEmbedding text = decoder.embedding().orElseThrow();
            int hidden = engine.info().model().hidden();
            OrtComponent tower = OrtComponent.open(bundle, Bundle.VISION, runtime);
            var vision = new ServedVision(settings, how,
                    (ids, shown) -> TowerRun.merged(settings, ids, shown.stream().map(i -> TowerRun.seen(i, tower::run)).toList(), text, hidden));
            return new DeployedModel(tokenizer, engine, Optional.of(tower), new ServedModel(name, engine, tokenizer, template, Optional.of(vision)), words);
        } catch (IOException | RuntimeException | Error e) {
            if (engine != null) {
                engine.close();
            }
            tokenizer.close();
            throw e;
        }
    }

    private static Optional<ChatTemplate> template(Bundle bundle) throws IOException {
        try {
            return BundleTemplate.of(bundle.folder());
        } catch (InputException e) {
            throw new InputException(e.getMessage() + ", or take --chat-template plain to do without it", e);
        }
    }

    /** What a server gets; until {@link #close}. */
    public ServedModel served() {
        return served;
    }

    /** What computes; until {@link #close}. */
    Engine engine() {
        return engine;
    }

    /** What becomes of conversations where the model does not say it; empty where it does. */
    String template() {
        return template;
    }

    @Override
    public void close() {
        tower.ifPresent(OrtComponent::close);
        engine.close();
        tokenizer.close();
    }
}
